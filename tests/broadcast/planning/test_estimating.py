"""An estimate writes nothing, and what it says is what the run does, to the last decimal."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast.engine.batch import run_batch
from broadcast.lifecycle import finish_planning
from broadcast.models import Broadcast, BroadcastMessage
from channels.models import Sender, TenantWAApp
from contacts.models import Contact, Suppression, SuppressionSource
from sandbox.running import RunningSandbox
from templates_wa.models import WhatsAppTemplate
from tenants.models import Tenant
from tests.fixtures.types import MakePeople
from wallet.models import LedgerEntry, Rate, Wallet

pytestmark = pytest.mark.django_db
BODY = {"name": "News", "platform": "TELEGRAM", "text": "Hello {{first_name}}"}
COUNTRIES = {"DE": "+49170123", "FR": "+33612345", "US": "+12125550", "IN": "+91981234"}


@pytest.fixture
def number(tenant: Tenant, sandbox: RunningSandbox) -> TenantWAApp:
    app: TenantWAApp = TenantWAApp.objects.create(
        tenant=tenant,
        platform="WHATSAPP",
        provider="meta_cloud",
        name="Number",
        address="+4930123456",
        account_id="106540352242922",
        business_account_id="102290129340398",
        credentials={"access_token": "a-made-up-access-token"},
        base_url=sandbox.base_url,
        currency=tenant.currency,
        marketing_price=Decimal("0.07"),
        batch_delay=Decimal(0),
    )
    WhatsAppTemplate.objects.create(
        tenant=tenant,
        app=app,
        name="sale",
        language="en",
        category="MARKETING",
        status="APPROVED",
        body="Hello",
    )
    for country, price in (("DE", "0.113100"), ("IN", "0.009900")):
        Rate.objects.create(
            sender=app,
            platform="WHATSAPP",
            category="MARKETING",
            country=country,
            price=Decimal(price),
            currency="EUR",
            valid_from=timezone.now() - timedelta(days=1),
        )
    Rate.objects.create(
        platform="WHATSAPP",
        calling_code="1",
        price=Decimal("0.025"),
        currency="EUR",
        valid_from=timezone.now() - timedelta(days=1),
    )
    return app


@pytest.fixture
def abroad(tenant: Tenant) -> list[Contact]:
    """Twenty in four countries; one opted out, one without a phone, two on one chat."""
    found = [
        Contact.objects.create(
            tenant=tenant,
            first_name=f"Ana {n}",
            phone=f"{prefix}{1000 + n}",
            telegram_chat_id=500_000 + ord(country[0]) * 100 + n,
            country=country,
        )
        for country, prefix in COUNTRIES.items()
        for n in range(5)
    ]
    found[1].telegram_chat_id = found[0].telegram_chat_id
    found[1].save()
    Suppression.objects.create(
        tenant=tenant, address=found[2].phone or "", source=SuppressionSource.USER
    )
    Suppression.objects.create(
        tenant=tenant, address=str(found[3].telegram_chat_id), source=SuppressionSource.USER
    )
    found.append(Contact.objects.create(tenant=tenant, first_name="", external_id="bare"))
    return found


@pytest.mark.parametrize("platform", ["WHATSAPP", "TELEGRAM"])
def test_the_run_costs_what_was_estimated(
    manager: APIClient,
    rich: Wallet,
    bot: Sender,
    number: TenantWAApp,
    abroad: list[Contact],
    platform: str,
) -> None:
    said = {"template_name": "sale"} if platform == "WHATSAPP" else {"text": "Hello {{first_name}}"}
    recipients = [str(each.pk) for each in abroad]
    body = {"name": "News", "platform": platform, "recipients": recipients, **said}
    unsaved = manager.post("/broadcast/estimate/", body)
    assert unsaved.status_code == 200, unsaved.data
    made = manager.post("/broadcast/", body).data["id"]
    estimate = manager.get(f"/broadcast/{made}/estimate/").data
    assert estimate == unsaved.data

    answer = manager.post(f"/broadcast/{made}/send/", {"estimate_hash": estimate["estimate_hash"]})
    assert answer.status_code == 200, answer.data
    broadcast = Broadcast.objects.get()
    rich.refresh_from_db()
    assert rich.held == Decimal(estimate["cost"]) > 0
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)

    rich.refresh_from_db()
    assert rich.held == 0
    assert rich.balance == Decimal(estimate["wallet"]["available_after"])
    assert broadcast.messages.filter(status="SENT").count() == estimate["to_send"]
    reasons = broadcast.messages.filter(status="SUPPRESSED").values_list("error_code", flat=True)
    assert sorted(reasons) == sorted(
        reason for reason, number in estimate["suppressed"].items() for _ in range(number)
    )
    by_country = {row["country"]: Decimal(row["cost"]) for row in estimate["by_country"]}
    for country, cost in by_country.items():
        sent = broadcast.messages.filter(status="SENT", country=country)
        assert sum(sent.values_list("price", flat=True)) == cost


def test_what_fails_is_exactly_the_difference(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople
) -> None:
    contacts = [*people(5), *people(3, ending=9003)]
    made = manager.post("/broadcast/", _body(contacts)).data["id"]
    estimate = manager.get(f"/broadcast/{made}/estimate/").data
    manager.post(f"/broadcast/{made}/send/")
    broadcast = Broadcast.objects.get()
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    rich.refresh_from_db()
    failed = sum(broadcast.messages.filter(status="FAILED").values_list("price", flat=True))
    assert failed == 3 * bot.marketing_price
    assert rich.balance - Decimal(estimate["wallet"]["available_after"]) == failed


def test_an_estimate_writes_nothing(
    viewer: APIClient, manager: APIClient, bot: Sender, people: MakePeople
) -> None:
    made = manager.post("/broadcast/", _body(people(3))).data["id"]
    before = list(BroadcastMessage.objects.order_by("seq").values())
    with CaptureQueriesContext(connection) as queries:
        for answer in (
            viewer.get(f"/broadcast/{made}/estimate/"),
            viewer.post(f"/broadcast/{made}/estimate/"),
            viewer.post("/broadcast/estimate/", {**BODY, "audience": {"all": True}}),
        ):
            assert answer.status_code == 200, answer.data
            assert (answer.data["to_send"], answer.data["cost"]) == (3, "0.060000")
            assert [each["code"] for each in answer.data["warnings"]] == ["insufficient_credit"]
    written = [
        each["sql"]
        for each in queries
        if each["sql"].lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
    ]
    assert written == []
    assert list(BroadcastMessage.objects.order_by("seq").values()) == before
    assert not Wallet.objects.exists()


def test_what_would_go_out_free_of_charge_is_warned_of(
    manager: APIClient, rich: Wallet, number: TenantWAApp, tenant: Tenant
) -> None:
    """Where no rate fits and the sender has no price; not of those who are suppressed."""
    priced, free, gone = (
        Contact.objects.create(tenant=tenant, first_name="Ana", phone=phone, country=country)
        for phone, country in (
            ("+491701000001", "DE"),
            ("+33612000001", "FR"),
            ("+33612000002", "FR"),
        )
    )
    Suppression.objects.create(
        tenant=tenant, address=gone.phone or "", source=SuppressionSource.USER
    )
    Sender.objects.filter(pk=number.pk).update(marketing_price=0)
    said = {"name": "News", "platform": "WHATSAPP", "template_name": "sale"}

    def warnings(*contacts: Contact) -> list[dict[str, str]]:
        body = {**said, "recipients": [str(each.pk) for each in contacts]}
        found: list[dict[str, str]] = manager.post("/broadcast/estimate/", body).data["warnings"]
        return found

    detail = "1 of 2 messages have no price: they would go out free of charge."
    assert {"code": "no_price", "detail": detail} in warnings(priced, free, gone)
    assert warnings(priced) == []


def test_an_estimate_takes_the_same_statements_for_10_and_10000(
    manager: APIClient, bot: Sender, people: MakePeople
) -> None:
    counts = []
    for size in (10, 10_000):
        people(size)
        with CaptureQueriesContext(connection) as queries:
            manager.post("/broadcast/estimate/", {**BODY, "audience": {"all": True}})
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("action", "more"), [("send", {}), ("schedule", {"scheduled_at": "2099-01-01T00:00:00Z"})]
)
def test_what_moved_is_told_and_nothing_is_held(
    manager: APIClient,
    rich: Wallet,
    bot: Sender,
    people: MakePeople,
    tenant: Tenant,
    action: str,
    more: dict[str, str],
) -> None:
    contacts = people(3)
    made = manager.post("/broadcast/", _body(contacts)).data["id"]
    quoted = manager.get(f"/broadcast/{made}/estimate/").data["estimate_hash"]
    Suppression.objects.create(
        tenant=tenant, address=str(contacts[0].telegram_chat_id), source=SuppressionSource.USER
    )
    body = {"estimate_hash": quoted, **more}
    answer = manager.post(f"/broadcast/{made}/{action}/", body)
    assert answer.status_code == 409
    error = answer.json()["errors"][0]
    assert (error["code"], error["attr"]) == ("estimate_moved", "estimate_hash")
    assert error["data"]["difference"] == {
        "to_send": {"quoted": 3, "now": 2},
        "suppressed": {"quoted": {}, "now": {"opted_out": 1}},
        "segments": {"quoted": 3, "now": 2},
        "cost": {"quoted": "0.060000", "now": "0.040000"},
    }
    assert Broadcast.objects.get().status == "DRAFT"
    assert not LedgerEntry.objects.filter(kind="HOLD").exists()
    body["estimate_hash"] = error["data"]["estimate_hash"]
    assert manager.post(f"/broadcast/{made}/{action}/", body).status_code == 200


def test_other_recipients_of_equal_sums_and_other_words_have_moved(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople
) -> None:
    contacts = people(3)
    made = manager.post("/broadcast/", _body(contacts[:2])).data["id"]
    url = f"/broadcast/{made}/"
    quoted = manager.get(f"{url}estimate/").data["estimate_hash"]
    manager.patch(url, {"recipients": [str(each.pk) for each in contacts[1:]]})
    assert manager.post(f"{url}send/", {"estimate_hash": quoted}).status_code == 409
    quoted = manager.get(f"{url}estimate/").data["estimate_hash"]
    manager.patch(url, {"text": "Bye {{first_name}}"})
    assert manager.post(f"{url}send/", {"estimate_hash": quoted}).status_code == 409


def test_an_audience_that_moves_before_it_is_planned_goes_back_to_draft(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople
) -> None:
    people(3)
    made = manager.post("/broadcast/", {**BODY, "audience": {"all": True}}).data["id"]
    quoted = manager.get(f"/broadcast/{made}/estimate/").data["estimate_hash"]
    answer = manager.post(f"/broadcast/{made}/send/", {"estimate_hash": quoted})
    assert answer.status_code == 202
    people(1)
    finish_planning(broadcast_id=made, now=timezone.now())
    broadcast = Broadcast.objects.get()
    assert (broadcast.status, broadcast.planning_at) == ("DRAFT", None)
    assert "no longer what was estimated" in broadcast.status_reason
    assert not LedgerEntry.objects.filter(kind="HOLD").exists()


@pytest.mark.parametrize("quoted", ["x", "e30", ".", "W10.a", "\u00e9", "x" * 1000])
def test_a_made_up_hash_is_refused(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople, quoted: str
) -> None:
    made = manager.post("/broadcast/", _body(people(1))).data["id"]
    answer = manager.post(f"/broadcast/{made}/send/", {"estimate_hash": quoted})
    assert answer.status_code in {400, 409}
    assert Broadcast.objects.get().status == "DRAFT"


def test_a_scheduled_broadcast_s_estimate_is_its_plan_and_one_under_way_has_none(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople
) -> None:
    made = manager.post("/broadcast/", _body(people(2), scheduled_at="2099-07-01T10:00:00Z"))
    url = f"/broadcast/{made.data['id']}/"
    estimate = manager.get(f"{url}estimate/").data
    assert (estimate["to_send"], estimate["cost"]) == (2, "0.040000")
    assert estimate["wallet"]["available_before"] == estimate["wallet"]["available_after"]
    quote = {"estimate_hash": estimate["estimate_hash"]}
    assert manager.post(f"{url}send/", quote).status_code == 200
    assert manager.get(f"{url}estimate/").status_code == 409


def _body(contacts: list[Contact], **fields: Any) -> dict[str, Any]:
    return {**BODY, "recipients": [str(each.pk) for each in contacts], **fields}


def test_an_estimate_needs_no_name(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople
) -> None:
    people(2)
    body = {name: value for name, value in BODY.items() if name != "name"}

    answer = manager.post("/broadcast/estimate/", {**body, "audience": {"all": True}})

    assert (answer.status_code, answer.json().get("to_send")) == (200, 2)
    assert manager.post("/broadcast/", body).json()["errors"][0]["attr"] == "name"
