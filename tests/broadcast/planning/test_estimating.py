"""An estimate writes nothing, and the run costs exactly what it said, to the last decimal."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast.engine.batch import run_batch
from broadcast.models import Broadcast, BroadcastMessage
from channels.models import Sender, TenantWAApp
from contacts.models import Contact, Suppression, SuppressionSource
from sandbox.running import RunningSandbox
from templates_wa.models import WhatsAppTemplate
from tenants.models import Tenant
from tests.broadcast.planning.bodies import BODY, body_for
from tests.broadcast.recipients import ids_of
from tests.fixtures.types import MakePeople
from wallet.models import Rate, Wallet

pytestmark = pytest.mark.django_db
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
    """Twenty contacts in four countries (two share a chat, two opted out) and a bare contact."""
    contacts = [
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
    first, same_chat, phone_opted_out, chat_opted_out, *_ = contacts
    same_chat.telegram_chat_id = first.telegram_chat_id
    same_chat.save()
    for address in (phone_opted_out.phone, str(chat_opted_out.telegram_chat_id)):
        Suppression.objects.create(
            tenant=tenant, address=address or "", source=SuppressionSource.USER
        )
    bare = Contact.objects.create(tenant=tenant, first_name="", external_id="bare")
    return [*contacts, bare]


@pytest.mark.parametrize(
    ("platform", "content"),
    [("WHATSAPP", {"template_name": "sale"}), ("TELEGRAM", {"text": "Hello {{first_name}}"})],
)
def test_the_run_costs_what_was_estimated(
    manager: APIClient,
    rich: Wallet,
    bot: Sender,
    number: TenantWAApp,
    abroad: list[Contact],
    platform: str,
    content: dict[str, str],
) -> None:
    body = {"name": "News", "platform": platform, "recipients": ids_of(abroad), **content}
    unsaved = manager.post("/broadcast/estimate/", body)
    assert unsaved.status_code == 200, unsaved.data
    broadcast_id = manager.post("/broadcast/", body).data["id"]
    estimate = manager.get(f"/broadcast/{broadcast_id}/estimate/").data
    assert estimate == unsaved.data

    answer = manager.post(
        f"/broadcast/{broadcast_id}/send/", {"estimate_hash": estimate["estimate_hash"]}
    )
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
    broadcast_id = manager.post("/broadcast/", body_for(contacts)).data["id"]
    estimate = manager.get(f"/broadcast/{broadcast_id}/estimate/").data
    manager.post(f"/broadcast/{broadcast_id}/send/")
    broadcast = Broadcast.objects.get()
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    rich.refresh_from_db()
    failed = sum(broadcast.messages.filter(status="FAILED").values_list("price", flat=True))
    assert failed == 3 * bot.marketing_price
    assert rich.balance - Decimal(estimate["wallet"]["available_after"]) == failed


def test_an_estimate_writes_nothing(
    viewer: APIClient, manager: APIClient, bot: Sender, people: MakePeople
) -> None:
    broadcast_id = manager.post("/broadcast/", body_for(people(3))).data["id"]
    before = list(BroadcastMessage.objects.order_by("seq").values())
    wallets = list(Wallet.objects.values())
    with CaptureQueriesContext(connection) as queries:
        for answer in (
            viewer.get(f"/broadcast/{broadcast_id}/estimate/"),
            viewer.post(f"/broadcast/{broadcast_id}/estimate/"),
            viewer.post("/broadcast/estimate/", {**BODY, "audience": {"all": True}}),
        ):
            assert answer.status_code == 200, answer.data
            assert (answer.data["to_send"], answer.data["cost"]) == (3, "0.060000")
            assert [warning["code"] for warning in answer.data["warnings"]] == [
                "insufficient_credit"
            ]
    written = [
        query["sql"]
        for query in queries
        if query["sql"].lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
    ]
    assert written == []
    assert list(BroadcastMessage.objects.order_by("seq").values()) == before
    assert list(Wallet.objects.values()) == wallets


def test_what_would_go_out_free_of_charge_is_warned_of(
    manager: APIClient, rich: Wallet, number: TenantWAApp, tenant: Tenant
) -> None:
    """No rate applies and the sender has no price; suppressed recipients do not count."""
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
    content = {"name": "News", "platform": "WHATSAPP", "template_name": "sale"}

    def warnings(*contacts: Contact) -> list[dict[str, str]]:
        body = {**content, "recipients": ids_of(contacts)}
        estimate = manager.post("/broadcast/estimate/", body).data
        listed: list[dict[str, str]] = estimate["warnings"]
        return listed

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


def test_a_scheduled_broadcasts_estimate_is_its_plan_and_one_under_way_has_none(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople
) -> None:
    created = manager.post("/broadcast/", body_for(people(2), scheduled_at="2099-07-01T10:00:00Z"))
    url = f"/broadcast/{created.data['id']}/"
    estimate = manager.get(f"{url}estimate/").data
    assert (estimate["to_send"], estimate["cost"]) == (2, "0.040000")
    assert estimate["wallet"]["available_before"] == estimate["wallet"]["available_after"]
    quote = {"estimate_hash": estimate["estimate_hash"]}
    assert manager.post(f"{url}send/", quote).status_code == 200
    assert manager.get(f"{url}estimate/").status_code == 409


def test_an_estimate_needs_no_name(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople
) -> None:
    people(2)
    body = {name: value for name, value in BODY.items() if name != "name"}

    answer = manager.post("/broadcast/estimate/", {**body, "audience": {"all": True}})

    assert (answer.status_code, answer.json().get("to_send")) == (200, 2)
    assert manager.post("/broadcast/", body).json()["errors"][0]["attr"] == "name"
