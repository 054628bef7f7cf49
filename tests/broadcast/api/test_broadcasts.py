"""`/broadcast/`: create, change, send and list broadcasts over the API."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast.models import Broadcast, BroadcastMessage
from channels.models import Sender
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.recipients import ids_of
from tests.factories import TenantFactory
from tests.fixtures.types import MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
BODY = {"name": "News", "platform": "TELEGRAM", "text": "Hello {{first_name|there}}"}


def body(contacts: list[Contact], **fields: Any) -> dict[str, Any]:
    return {**BODY, "recipients": ids_of(contacts), **fields}


def test_without_a_time_it_is_a_draft(manager: APIClient, people: MakePeople) -> None:
    answer = manager.post("/broadcast/", body(people(2)))
    assert answer.status_code == 201
    assert (answer.data["status"], answer.data["ui_status"]) == ("DRAFT", "Draft")
    assert answer.data["recipient_count"] == 2
    assert "recipients" not in answer.data


def test_with_a_time_it_is_scheduled_and_held(
    manager: APIClient, people: MakePeople, rich: Wallet, bot: Sender
) -> None:
    answer = manager.post("/broadcast", body(people(2), scheduled_at="2099-07-01T10:00:00Z"))
    assert (answer.status_code, answer.data["status"]) == (201, "SCHEDULED")
    assert answer.data["counts"]["pending"] == answer.data["total"] == 2
    rich.refresh_from_db()
    assert rich.held == 2 * bot.marketing_price


def test_unknown_and_foreign_recipients_are_named_and_nothing_changes(
    manager: APIClient, people: MakePeople
) -> None:
    stranger = Contact.objects.create(tenant=TenantFactory.create(), first_name="X")
    unknown = uuid4()
    recipients = [*ids_of([*people(1), stranger]), str(unknown)]
    answer = manager.post("/broadcast/", {**BODY, "recipients": recipients})
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert (error["code"], error["attr"]) == ("unknown_recipients", "recipients")
    assert error["data"]["unknown"] == [str(stranger.pk), str(unknown)]
    assert not Broadcast.objects.exists()


@pytest.mark.parametrize("wrong", ["abc", {"a": 1}, [1], [{"phone": 3}], ["not-an-id"], [None]])
def test_a_wrong_list_of_recipients_is_refused(manager: APIClient, wrong: Any) -> None:
    answer = manager.post("/broadcast/", {**BODY, "recipients": wrong})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"].startswith("recipients")


def test_too_little_credit_is_402_and_changes_nothing(
    manager: APIClient, people: MakePeople, bot: Sender
) -> None:
    broadcast = manager.post("/broadcast/", body(people(2))).data["id"]
    answer = manager.post(f"/broadcast/{broadcast}/send/")
    assert answer.status_code == 402
    assert answer.json()["errors"][0]["data"]["needed"] == "0.040000"
    assert Broadcast.objects.get().status == "DRAFT"


def test_a_missing_sender_is_named(manager: APIClient, people: MakePeople) -> None:
    broadcast = manager.post("/broadcast/", body(people(1), platform="SMS")).data["id"]
    answer = manager.post(f"/broadcast/{broadcast}/send/")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "no_sender"
    assert "no sender for SMS" in answer.json()["errors"][0]["detail"]


def test_the_same_idempotency_key_creates_once(manager: APIClient, people: MakePeople) -> None:
    request = body(people(1))
    first, again = (
        manager.post("/broadcast/", request, headers={"Idempotency-Key": "k1"}) for _ in range(2)
    )
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Broadcast.objects.count() == 1
    other = manager.post(
        "/broadcast/", {**request, "name": "Other"}, headers={"Idempotency-Key": "k1"}
    )
    assert other.status_code == 422


def test_patch_moves_the_time_and_null_unschedules(
    manager: APIClient, people: MakePeople, rich: Wallet, bot: Sender
) -> None:
    created = manager.post("/broadcast/", body(people(1), scheduled_at="2099-07-01T10:00:00Z"))
    url = f"/broadcast/{created.data['id']}/"
    moved = manager.patch(url, {"scheduled_at": "2099-07-02T10:00:00+02:00"})
    assert moved.data["scheduled_at"] == "2099-07-02T08:00:00Z"
    assert manager.patch(url, {"scheduled_at": None}).data["status"] == "DRAFT"
    rich.refresh_from_db()
    assert rich.held == 0


def test_put_without_recipients_keeps_them(manager: APIClient, people: MakePeople) -> None:
    created = manager.post("/broadcast/", body(people(3)))
    answer = manager.put(f"/broadcast/{created.data['id']}/", {**BODY, "name": "Other"})
    assert (answer.data["name"], answer.data["total"]) == ("Other", 3)


def test_a_broadcast_that_is_being_sent_cannot_be_edited_or_deleted(
    manager: APIClient, people: MakePeople, rich: Wallet, bot: Sender
) -> None:
    created = manager.post("/broadcast/", body(people(1)))
    url = f"/broadcast/{created.data['id']}/"
    assert manager.post(f"{url}send/").data["status"] == "QUEUED"
    assert manager.patch(url, {"name": "Late"}).status_code == 409
    assert manager.delete(url).status_code == 409
    assert manager.post(f"{url}send/").data["status"] == "QUEUED"


def test_a_time_in_the_past_is_refused(
    manager: APIClient, people: MakePeople, rich: Wallet, bot: Sender
) -> None:
    at = (timezone.now() - timedelta(minutes=1)).isoformat()
    answer = manager.post("/broadcast/", body(people(1), scheduled_at=at))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "scheduled_at"
    assert not Broadcast.objects.exists()


def test_creating_takes_the_same_statements_for_10_and_10000(
    manager: APIClient, people: MakePeople
) -> None:
    counts = []
    for size in (10, 10_000):
        request = body(people(size))
        with CaptureQueriesContext(connection) as queries:
            assert manager.post("/broadcast/", request).status_code == 201
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16
    assert BroadcastMessage.objects.count() == 10_010


def test_lists_take_the_same_statements_for_1_and_20(
    manager: APIClient, people: MakePeople, tenant: Tenant, bot: Sender
) -> None:
    for url in ("/broadcast/", "/broadcast/dashboard/", "/broadcast/messages/"):
        counts = []
        for number in (1, 20):
            for _ in range(number):
                manager.post("/broadcast/", body(people(1), sender=str(bot.pk)))
            with CaptureQueriesContext(connection) as queries:
                assert manager.get(url).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1]


def test_messages_are_filtered(manager: APIClient, people: MakePeople, outsider: APIClient) -> None:
    contacts = people(2)
    created = manager.post("/broadcast/", body(contacts))
    url = f"/broadcast/messages/?broadcast={created.data['id']}&contact={contacts[0].pk}"
    assert len(manager.get(f"{url}&status__in=PENDING,SENT").data["results"]) == 1
    assert manager.get(f"{url}&status__in=READ").data["results"] == []
    assert manager.get("/broadcast/messages/?status__in=NO").status_code == 400
    assert outsider.get("/broadcast/messages/").data["results"] == []
