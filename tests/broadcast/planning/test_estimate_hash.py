"""A launch with an estimate's hash: refused if the plan differs from the estimate."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast.lifecycle import finish_planning
from broadcast.models import Broadcast
from channels.models import Sender
from contacts.models import Suppression, SuppressionSource
from tenants.models import Tenant
from tests.broadcast.planning.bodies import BODY, body_for
from tests.broadcast.recipients import ids_of
from tests.fixtures.types import MakePeople
from wallet.models import LedgerEntry, Wallet

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("action", "fields"), [("send", {}), ("schedule", {"scheduled_at": "2099-01-01T00:00:00Z"})]
)
def test_a_plan_that_differs_is_refused_with_the_difference_and_nothing_is_held(
    manager: APIClient,
    rich: Wallet,
    bot: Sender,
    people: MakePeople,
    tenant: Tenant,
    action: str,
    fields: dict[str, str],
) -> None:
    contacts = people(3)
    broadcast_id = manager.post("/broadcast/", body_for(contacts)).data["id"]
    quoted = manager.get(f"/broadcast/{broadcast_id}/estimate/").data["estimate_hash"]
    Suppression.objects.create(
        tenant=tenant, address=str(contacts[0].telegram_chat_id), source=SuppressionSource.USER
    )
    body = {"estimate_hash": quoted, **fields}
    answer = manager.post(f"/broadcast/{broadcast_id}/{action}/", body)
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
    assert manager.post(f"/broadcast/{broadcast_id}/{action}/", body).status_code == 200


def test_other_recipients_and_another_text_are_refused_although_the_sums_are_equal(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople
) -> None:
    contacts = people(3)
    broadcast_id = manager.post("/broadcast/", body_for(contacts[:2])).data["id"]
    url = f"/broadcast/{broadcast_id}/"
    quoted = manager.get(f"{url}estimate/").data["estimate_hash"]
    manager.patch(url, {"recipients": ids_of(contacts[1:])})
    assert manager.post(f"{url}send/", {"estimate_hash": quoted}).status_code == 409
    quoted = manager.get(f"{url}estimate/").data["estimate_hash"]
    manager.patch(url, {"text": "Bye {{first_name}}"})
    assert manager.post(f"{url}send/", {"estimate_hash": quoted}).status_code == 409


def test_an_audience_that_moves_before_it_is_planned_goes_back_to_draft(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople
) -> None:
    people(3)
    broadcast_id = manager.post("/broadcast/", {**BODY, "audience": {"all": True}}).data["id"]
    quoted = manager.get(f"/broadcast/{broadcast_id}/estimate/").data["estimate_hash"]
    answer = manager.post(f"/broadcast/{broadcast_id}/send/", {"estimate_hash": quoted})
    assert answer.status_code == 202
    people(1)
    finish_planning(broadcast_id=broadcast_id, now=timezone.now())
    broadcast = Broadcast.objects.get()
    assert (broadcast.status, broadcast.planning_at) == ("DRAFT", None)
    assert "no longer what was estimated" in broadcast.status_reason
    assert not LedgerEntry.objects.filter(kind="HOLD").exists()


@pytest.mark.parametrize("quoted", ["x", "e30", ".", "W10.a", "\u00e9", "x" * 1000])
def test_a_made_up_hash_is_refused(
    manager: APIClient, rich: Wallet, bot: Sender, people: MakePeople, quoted: str
) -> None:
    broadcast_id = manager.post("/broadcast/", body_for(people(1))).data["id"]
    answer = manager.post(f"/broadcast/{broadcast_id}/send/", {"estimate_hash": quoted})
    assert answer.status_code in {400, 409}
    assert Broadcast.objects.get().status == "DRAFT"
