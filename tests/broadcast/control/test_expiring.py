"""A message that is not handed over in time is EXPIRED, released and never sent."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.control.expiring import expire_due
from broadcast.engine.batch import run_batch
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import Platform
from contacts.models import Contact
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.books import statuses
from tests.broadcast.recipients import ids_of, refs_of
from tests.factories import SenderFactory
from tests.fixtures.types import MakeBroadcast, MakePeople
from tests.sandbox.client import Client
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


def test_what_is_left_expires_is_released_and_the_broadcast_finishes(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
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


def test_a_worker_that_was_stopped_past_its_end_hands_nothing_over(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    end = now + timedelta(minutes=1)
    broadcast = draft(people(2), expires_at=end)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    times = iter([now, now, now, now])  # its start and its claim; then it is stopped
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: next(times, end))
    outcomes = broadcast.messages.values_list("status", "error_code", "attempts")
    assert set(outcomes) == {("PENDING", "woke_too_late", 0)}
    assert expire_due(now=end) == 2
    assert statuses(broadcast) == ["EXPIRED", "EXPIRED"]
    rich.refresh_from_db()
    assert rich.held == 0


@pytest.mark.parametrize(("minutes", "seconds"), [(30, 1800), (None, None)])
def test_the_provider_is_told_how_long_it_is_worth_delivering(
    rich: Wallet,
    tenant: Tenant,
    sandbox: RunningSandbox,
    open_limiter: None,
    now: datetime,
    minutes: int | None,
    seconds: float | None,
) -> None:
    key = f"key{uuid4().hex[:8]}"
    sender = SenderFactory.create(
        tenant=tenant,
        platform=Platform.SMS,
        provider="vonage",
        account_id="14155550100",
        credentials={"api_key": key, "api_secret": "a-made-up-secret"},
        base_url=sandbox.base_url,
        marketing_price=Decimal("0.02"),
        batch_delay=Decimal(0),
    )
    contact = Contact.objects.create(tenant=tenant, phone="+14155230001")
    end = now + timedelta(minutes=minutes) if minutes else None
    broadcast = lifecycle.create(
        tenant=tenant,
        actor=None,
        fields={
            "name": "Sale",
            "platform": Platform.SMS,
            "text": "Hi",
            "sender": sender,
            "expires_at": end,
        },
        recipients=refs_of([contact]),
        now=now,
    )
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: now)
    (message,) = accepted(sandbox, key)
    assert message["valid_for"] == seconds


def accepted(sandbox: RunningSandbox, account: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = Client(sandbox.base_url).get(f"accepted?account={account}")[
        "results"
    ]
    return messages


def test_it_cannot_start_when_it_has_expired(
    rich: Wallet, bot: Sender, manager: APIClient, people: MakePeople
) -> None:
    body = {
        "name": "News",
        "platform": "TELEGRAM",
        "text": "Hello",
        "recipients": ids_of(people(1)),
        "expires_at": "2099-01-01T10:00:00Z",
    }
    created = manager.post("/broadcast/", body)
    assert created.status_code == 201
    Broadcast.objects.update(expires_at="2020-01-01T10:00:00Z")
    answer = manager.post(f"/broadcast/{created.data['id']}/send/")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "expires_at"
