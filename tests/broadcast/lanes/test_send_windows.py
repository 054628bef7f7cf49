"""No message is sent while it is too early or too late, and none is lost."""

from datetime import UTC, datetime, timedelta

import pytest

from api.errors import InvalidInput
from broadcast import lifecycle
from broadcast.engine.batch import run_batch, run_next_batch, sweep_batches
from broadcast.models import Broadcast
from channels.models import Sender
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

# In the future: the fence compares with the database's clock.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=2)
HOUR = timedelta(hours=1)
BY_DAY = {"days": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "to": "20:00"}


def times(broadcast: Broadcast) -> list[datetime | None]:
    """The next attempt of every message."""
    return list(broadcast.messages.order_by("seq").values_list("next_attempt_at", flat=True))


def test_a_lane_sleeps_while_it_is_too_late_for_everybody(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast
) -> None:
    window = {**BY_DAY, "to": "12:00"}
    broadcast = draft(people(2), send_window=window)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=NOON)
    lane = broadcast.lanes.get()
    assert run_batch(lane_id=lane.pk, clock=lambda: NOON) == NOON + HOUR
    lane.refresh_from_db()
    assert (lane.next_batch_at, lane.floor) == (NOON + HOUR, 0)
    assert Broadcast.objects.get(pk=broadcast.pk).status == "QUEUED"
    assert (statuses(broadcast), times(broadcast)) == (["PENDING"] * 2, [None] * 2)

    opening = NOON + 21 * HOUR
    assert run_next_batch(clock=lambda: opening - HOUR / 2) == opening
    run_next_batch(clock=lambda: opening)
    assert statuses(broadcast) == ["SENT"] * 2
    assert_books_balance(broadcast)


def test_who_lives_where_it_is_night_waits_for_the_morning(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast
) -> None:
    here, far, unknown = people(3)
    Contact.objects.filter(pk=far.pk).update(time_zone="Asia/Tokyo")
    Contact.objects.filter(pk=unknown.pk).update(time_zone="Mars/Olympus")
    Tenant.objects.filter(pk=tenant.pk).update(send_window=BY_DAY)
    broadcast = draft([here, far, unknown])
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=NOON)
    lane = broadcast.lanes.get()
    run_batch(lane_id=lane.pk, clock=lambda: NOON)
    assert statuses(broadcast) == ["SENT", "PENDING", "SENT"]
    morning_in_tokyo = NOON + 12 * HOUR
    assert times(broadcast) == [None, morning_in_tokyo, None]
    assert set(broadcast.messages.values_list("attempts", flat=True)) == {0, 1}
    assert_books_balance(broadcast)

    # It is night in the tenant's zone now, which does not matter.
    assert run_batch(lane_id=lane.pk, clock=lambda: NOON + HOUR) == morning_in_tokyo
    lane.refresh_from_db()
    assert lane.next_batch_at == morning_in_tokyo
    run_batch(lane_id=lane.pk, clock=lambda: morning_in_tokyo)
    assert statuses(broadcast) == ["SENT"] * 3
    assert Broadcast.objects.get(pk=broadcast.pk).status == "SENT"
    assert_books_balance(broadcast)


def test_a_batch_of_sleepers_alone_costs_no_delay(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast
) -> None:
    asleep, awake = people(3), people(1)
    Contact.objects.filter(pk__in=[contact.pk for contact in asleep]).update(time_zone="Asia/Tokyo")
    Sender.objects.update(batch_size=3, batch_delay=60, send_window=BY_DAY)
    broadcast = draft([*asleep, *awake])
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=NOON)
    assert run_next_batch(clock=lambda: NOON) == NOON
    run_next_batch(clock=lambda: NOON)
    assert statuses(broadcast) == ["PENDING"] * 3 + ["SENT"]
    assert_books_balance(broadcast)


def test_a_worker_that_was_stopped_after_it_looked_at_the_windows_claims_by_no_old_look(
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lease counts from the look at the windows: once it is over, the fence stays closed."""
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(1)).pk, now=now)
    clock = iter([now - timedelta(hours=2)] * 2)
    monkeypatch.setattr("broadcast.engine.batch.take_lane", lambda **_: now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: next(clock, now))
    assert statuses(broadcast) == ["SENDING"]
    assert broadcast.batches.get().handed_at is None
    assert sweep_batches(now=now) == 1
    assert statuses(broadcast) == ["PENDING"]


def test_windows_that_never_meet_are_refused_before_anything_is_held(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(send_window={**BY_DAY, "days": [1, 2]})
    broadcast = draft(people(1), send_window={**BY_DAY, "days": [6, 7]})
    with pytest.raises(InvalidInput) as refusal:
        lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    assert refusal.value.attr == "send_window"
    assert Broadcast.objects.get(pk=broadcast.pk).status == "DRAFT"
    rich.refresh_from_db()
    assert rich.held == 0
