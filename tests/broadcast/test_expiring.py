"""What is not handed over in time is EXPIRED, released and never sent."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.expiring import expire_due
from broadcast.models import Broadcast
from broadcast.sending import run_batch
from channels.models import Sender
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.books import statuses
from wallet.models import Wallet

People = Callable[..., list[Contact]]
MakeBroadcast = Callable[..., Broadcast]

pytestmark = pytest.mark.django_db


def test_what_is_left_expires_is_released_and_the_broadcast_finishes(
    rich: Wallet, tenant: Tenant, people: People, draft: MakeBroadcast, now: datetime
) -> None:
    Sender.objects.update(batch_size=1)
    end = now + timedelta(minutes=10)
    broadcast = draft(people(2), expires_at=end)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    assert expire_due(now=end - timedelta(seconds=1)) == 0
    assert run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: end) is None
    assert [expire_due(now=end), expire_due(now=end)] == [1, 0]
    assert statuses(broadcast) == ["SENT", "EXPIRED"]
    assert broadcast.messages.get(seq=2).error_code == "expired"
    assert Broadcast.objects.get(pk=broadcast.pk).status == "PARTIALLY_SENT"
    rich.refresh_from_db()
    assert rich.held == 0


def test_it_cannot_start_when_it_has_expired(
    rich: Wallet, bot: Sender, manager: APIClient, people: People
) -> None:
    body = {
        "name": "News",
        "platform": "TELEGRAM",
        "text": "Hello",
        "recipients": [str(people(1)[0].pk)],
        "expires_at": "2020-01-01T10:00:00Z",
    }
    made = manager.post("/broadcast/", body)
    assert (made.status_code, made.data["expires_at"]) == (201, "2020-01-01T10:00:00Z")
    answer = manager.post(f"/broadcast/{made.data['id']}/send/")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "expires_at"
