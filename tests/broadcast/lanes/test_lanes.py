"""A lane without a due message sleeps until a message is due, and stores that time."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine import pipeline
from broadcast.engine.batch import run_batch
from broadcast.engine.pipeline import serve_lanes
from broadcast.lanes.lanes import RESTS_AT_LEAST
from broadcast.models import Lane
from channels.models import Sender
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.books import statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

PAIR_LIMITED = 9007

pytestmark = pytest.mark.django_db


@pytest.fixture
def lane(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> Lane:
    """The lane of a queued broadcast to two contacts; batches are a minute apart."""
    Sender.objects.update(batch_delay=Decimal(60))
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(2)).pk, now=now)
    return broadcast.lanes.get()


def test_it_rests_until_the_first_is_due_whatever_its_delay(lane: Lane, now: datetime) -> None:
    soon = now + timedelta(seconds=10)
    lane.broadcast.messages.update(next_attempt_at=now + timedelta(hours=1))
    lane.broadcast.messages.filter(seq=2).update(next_attempt_at=soon)
    assert run_batch(lane_id=lane.pk, clock=lambda: now) == soon
    lane.refresh_from_db()
    assert lane.next_batch_at == soon


def test_what_falls_due_one_by_one_is_claimed_together(lane: Lane, now: datetime) -> None:
    for n, message in enumerate(lane.broadcast.messages.order_by("seq"), start=1):
        message.next_attempt_at = now + n * timedelta(milliseconds=50)
        message.save(update_fields=["next_attempt_at"])
    sleeps_until = run_batch(lane_id=lane.pk, clock=lambda: now)
    assert sleeps_until == now + RESTS_AT_LEAST
    run_batch(lane_id=lane.pk, clock=lambda: now + RESTS_AT_LEAST)
    assert statuses(lane.broadcast) == ["SENT", "SENT"]
    assert lane.broadcast.batches.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_due_but_locked_is_not_asked_for_again_and_again(lane: Lane, now: datetime) -> None:
    lane.broadcast.messages.update(next_attempt_at=now)
    other_connection: Any = connection.copy()
    with other_connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM broadcast_broadcastmessage FOR UPDATE")
        sleeps_until = run_batch(lane_id=lane.pk, clock=lambda: now)
        cursor.execute("ROLLBACK")
    other_connection.close()
    assert sleeps_until == now + RESTS_AT_LEAST
    run_batch(lane_id=lane.pk, clock=lambda: now + RESTS_AT_LEAST)
    assert statuses(lane.broadcast) == ["SENT", "SENT"]


def test_what_a_claim_left_below_the_floor_is_found(lane: Lane, now: datetime) -> None:
    Lane.objects.update(floor=2)
    assert run_batch(lane_id=lane.pk, clock=lambda: now) == now + RESTS_AT_LEAST
    run_batch(lane_id=lane.pk, clock=lambda: now + RESTS_AT_LEAST)
    assert statuses(lane.broadcast) == ["SENT", "SENT"]


def test_what_the_last_batch_puts_off_is_announced_though_its_lane_went_to_sleep(
    lane: Lane, people: MakePeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next claim precedes the answers, finds no due message and puts the lane to sleep."""
    Sender.objects.update(batch_delay=Decimal(0))
    Contact.objects.filter(pk=lane.broadcast.messages.get(seq=2).contact_id).delete()
    limited = people(1, ending=PAIR_LIMITED)[0]
    address = str(limited.telegram_chat_id)
    lane.broadcast.messages.filter(seq=2).update(contact_id=limited.pk, address=address)
    # Telegram's 429 would hold the sender; in this test it limits the recipient alone.
    for module in ("batch_run", "settling"):
        monkeypatch.setattr(f"broadcast.engine.{module}.holds_for", lambda _: 0.0)
    monkeypatch.setattr(pipeline, "OVERLAPS_AFTER", 0.0)
    began = timezone.now()
    announced: list[datetime] = []
    serve_lanes(clock=timezone.now, announce=announced.append)
    assert statuses(lane.broadcast) == ["SENT", "PENDING"]
    lane.refresh_from_db()
    assert lane.next_batch_at is not None
    assert lane.next_batch_at > began + timedelta(seconds=1)
    assert lane.next_batch_at in announced
