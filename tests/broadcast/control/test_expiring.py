"""What is not handed over in time is EXPIRED, released and never sent."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.control.expiring import expire_due
from broadcast.engine.batch import run_batch
from broadcast.models import Broadcast
from broadcast.planning.plan import RecipientRef
from channels.models import Sender
from channels.platforms import Platform
from contacts.models import Contact
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.books import statuses
from tests.factories import SenderFactory
from tests.fixtures.types import MakeBroadcast, MakePeople
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
    times = iter([now, now, now, now])  # when it began, and was claimed; then it was stopped
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: next(times, end))
    rows = broadcast.messages.values_list("status", "error_code", "attempts")
    assert set(rows) == {("PENDING", "woke_too_late", 0)}
    assert expire_due(now=end) == 2
    assert statuses(broadcast) == ["EXPIRED", "EXPIRED"]
    rich.refresh_from_db()
    assert rich.held == 0


@pytest.mark.parametrize(("minutes", "arrives"), [(30, 1800), (None, None)])
def test_the_provider_is_told_how_long_it_is_worth_delivering(
    rich: Wallet,
    tenant: Tenant,
    sandbox: RunningSandbox,
    open_limiter: None,
    now: datetime,
    minutes: int | None,
    arrives: float | None,
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
        recipients=[RecipientRef(contact=contact.pk)],
        now=now,
    )
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: now)
    (accepted,) = books(sandbox, key)
    assert accepted["valid_for"] == arrives


def books(sandbox: RunningSandbox, account: str) -> list[dict[str, Any]]:
    url = f"{sandbox.base_url}/_sandbox/accepted?account={account}"
    with urlopen(url) as answer:  # noqa: S310 - a server of this test
        found: list[dict[str, Any]] = json.load(answer)["results"]
        return found


def test_it_cannot_start_when_it_has_expired(
    rich: Wallet, bot: Sender, manager: APIClient, people: MakePeople
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
