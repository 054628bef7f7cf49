"""A field that launches a broadcast needs the right to send, as the action that does the same."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.models import Broadcast
from channels.models import Sender
from tenants.api import permissions
from tenants.api.permissions import Action
from tenants.models import Role, Tenant
from tests.fixtures.api import MakeClient
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
LATER = timezone.now() + timedelta(days=30)


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch, api: MakeClient) -> APIClient:
    """A member who may write and not send; no role of the product is like that yet."""
    matrix = {**permissions.MATRIX, Role.MANAGER: frozenset({Action.READ, Action.WRITE})}
    monkeypatch.setattr(permissions, "MATRIX", matrix)
    return api(Role.MANAGER)


@pytest.fixture
def prepared(rich: Wallet, people: MakePeople, draft: MakeBroadcast) -> Broadcast:
    return draft(people(2))


def body(bot: Sender, **fields: Any) -> dict[str, Any]:
    return {"name": "N", "platform": "TELEGRAM", "text": "Hi", "sender": str(bot.pk), **fields}


def schedule(broadcast: Broadcast) -> Broadcast:
    return lifecycle.schedule(
        tenant=broadcast.tenant, broadcast_id=broadcast.pk, at=LATER, now=timezone.now()
    )


def test_a_new_broadcast_with_a_time_needs_the_right_to_send(
    writer: APIClient, owner: APIClient, bot: Sender, rich: Wallet, people: MakePeople
) -> None:
    recipients = [str(contact.pk) for contact in people(2)]
    launched = body(bot, recipients=recipients, scheduled_at=LATER.isoformat())

    answer = writer.post("/broadcast/", launched)

    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "permission_denied"
    assert not Broadcast.objects.exists()
    assert writer.post("/broadcast/", {**launched, "scheduled_at": None}).status_code == 201
    assert owner.post("/broadcast/", launched).json()["status"] == "SCHEDULED"


@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_edit_that_launches_needs_the_right_to_send(
    writer: APIClient, owner: APIClient, prepared: Broadcast, bot: Sender, method: str
) -> None:
    url = f"/broadcast/{prepared.pk}/"
    launched = body(bot, scheduled_at=LATER.isoformat())

    assert getattr(writer, method)(url, launched).status_code == 403
    prepared.refresh_from_db()
    assert (prepared.status, prepared.name) == ("DRAFT", "News")
    assert getattr(writer, method)(url, body(bot)).status_code == 200
    assert getattr(owner, method)(url, launched).json()["status"] == "SCHEDULED"


@pytest.mark.parametrize("change", [{"scheduled_at": None}, {"text": "Other"}, {"name": "Other"}])
def test_what_is_scheduled_is_changed_only_with_the_right_to_send(
    writer: APIClient, prepared: Broadcast, change: dict[str, Any]
) -> None:
    schedule(prepared)

    assert writer.patch(f"/broadcast/{prepared.pk}/", change).status_code == 403
    assert writer.delete(f"/broadcast/{prepared.pk}/").status_code == 403
    prepared.refresh_from_db()
    assert (prepared.status, prepared.scheduled_at) == ("SCHEDULED", LATER)


@pytest.mark.parametrize(
    "action",
    [
        "approve",
        "cancel",
        "pause",
        "resolve-unknown",
        "resume",
        "retry-failed",
        "schedule",
        "send",
        "unschedule",
    ],
)
def test_every_action_that_starts_or_stops_needs_the_right_to_send(
    writer: APIClient, prepared: Broadcast, action: str
) -> None:
    assert writer.post(f"/broadcast/{prepared.pk}/{action}/", {}).status_code == 403


def test_a_draft_is_written_and_deleted_with_the_right_to_write(
    writer: APIClient, prepared: Broadcast, tenant: Tenant
) -> None:
    assert writer.patch(f"/broadcast/{prepared.pk}/", {"text": "Other"}).status_code == 200
    assert writer.delete(f"/broadcast/{prepared.pk}/").status_code == 204
