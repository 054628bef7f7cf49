"""Several batches under way in one process: none waits for another's answers, none is lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.engine import pipeline
from broadcast.engine.batch import sweep_batches
from broadcast.engine.pipeline import serve_lanes
from broadcast.engine.settling import settle
from broadcast.models import Batch, Broadcast
from channels.models import Sender
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

SIZE = 2
SLOW = 9008
NEVER_ANSWERS = 9009
BUSY_ONCE = 9005

pytestmark = pytest.mark.django_db


@pytest.fixture
def going(
    rich: Wallet, tenant: Tenant, draft: MakeBroadcast, now: datetime
) -> Callable[..., Broadcast]:
    """A queued broadcast in batches of two; `delay` in seconds between them."""

    def make(contacts: list[Contact], *, delay: int = 0) -> Broadcast:
        Sender.objects.update(batch_size=SIZE, batch_delay=Decimal(delay))
        return lifecycle.send(tenant=tenant, broadcast_id=draft(contacts).pk, now=now)

    return make


def settled_at(broadcast: Broadcast) -> datetime:
    """When the broadcast's only batch was settled."""
    at = broadcast.batches.get().settled_at
    assert at is not None
    return at


def served() -> list[datetime]:
    """One task's work; the times that it left to others."""
    left: list[datetime] = []
    serve_lanes(clock=timezone.now, announce=left.append)
    return left


def most_at_once(broadcast: Broadcast) -> int:
    """Batches that were handed over and not yet settled, at the worst moment."""
    starts = broadcast.batches.values_list("handed_at", flat=True)
    return max(
        broadcast.batches.filter(handed_at__lte=at, settled_at__gt=at).count() for at in starts
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at_once", [1, 3])
def test_while_answers_are_waited_for_as_many_batches_as_allowed_are_begun(
    going: Callable[..., Broadcast], people: MakePeople, settings: Settings, at_once: int
) -> None:
    settings.BATCHES_AT_ONCE = at_once
    broadcast = going(people(5 * SIZE, ending=SLOW))
    assert served() == []
    assert statuses(broadcast) == ["SENT"] * 5 * SIZE
    assert most_at_once(broadcast) == at_once
    broadcast.refresh_from_db()
    assert broadcast.status == "SENT"
    assert_books_balance(broadcast)


def test_a_lane_that_is_due_is_served_while_another_ones_provider_takes_its_time(
    going: Callable[..., Broadcast], people: MakePeople, settings: Settings
) -> None:
    """Neither lane is due again by itself: their delay is a minute."""
    settings.BATCHES_AT_ONCE, settings.PROVIDER_TIMEOUT = 2, 1.0
    slow = going(people(2 * SIZE, ending=NEVER_ANSWERS), delay=60)
    quick = going(people(2 * SIZE), delay=60)
    left = served()
    assert statuses(slow) == ["UNKNOWN"] * SIZE + ["PENDING"] * SIZE
    assert statuses(quick) == ["SENT"] * SIZE + ["PENDING"] * SIZE
    assert settled_at(quick) < settled_at(slow)
    now = timezone.now()
    assert len(left) == 2
    assert all(timedelta(seconds=50) < at - now < timedelta(seconds=60) for at in left)


def test_a_process_with_a_silent_provider_goes_on_serving_others(
    going: Callable[..., Broadcast],
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its task would have ended long ago; the quick lane is due again only after that."""
    settings.BATCHES_AT_ONCE, settings.PROVIDER_TIMEOUT = 2, 1.0
    monkeypatch.setattr(pipeline, "SERVES_FOR", 0.05)
    monkeypatch.setattr("broadcast.engine.batch.FIRST_CUT", 0.1)
    slow = going(people(SIZE, ending=NEVER_ANSWERS), delay=60)
    quick = going(people(2 * SIZE), delay=60)
    quick.lanes.update(next_batch_at=timezone.now() + timedelta(seconds=0.5))
    served()
    assert statuses(slow) == ["UNKNOWN"] * SIZE
    assert statuses(quick) == ["SENT"] * SIZE + ["PENDING"] * SIZE
    assert settled_at(quick) < settled_at(slow)


def test_what_one_batch_raises_costs_the_others_nothing(
    going: Callable[..., Broadcast],
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.BATCHES_AT_ONCE = 2
    broadcast = going(people(3 * SIZE, ending=SLOW))
    calls = count()

    def fails_once(**answered: Any) -> Any:
        if next(calls) == 0:
            raise RuntimeError("the first one")
        return settle(**answered)

    monkeypatch.setattr("broadcast.engine.batch.settle", fails_once)
    left: list[datetime] = []
    with pytest.raises(RuntimeError, match="the first one"):
        serve_lanes(clock=timezone.now, announce=left.append)
    assert statuses(broadcast) == ["SENDING"] * SIZE + ["SENT"] * SIZE + ["PENDING"] * SIZE
    (due,) = left
    assert due <= timezone.now()
    served()
    Batch.objects.filter(settled_at=None).update(lease_expires_at=timezone.now())
    assert sweep_batches(now=timezone.now()) == 1
    assert statuses(broadcast) == ["UNKNOWN"] * SIZE + ["SENT"] * 2 * SIZE
    assert_books_balance(broadcast)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_breaks_costs_one_batchs_answers(
    going: Callable[..., Broadcast],
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.BATCHES_AT_ONCE = 2
    broadcast = going(people(2 * SIZE, ending=SLOW))
    calls = count()

    def cut_off_once(**answered: Any) -> Any:
        if next(calls) == 0:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return settle(**answered)

    monkeypatch.setattr("broadcast.engine.batch.settle", cut_off_once)
    with pytest.raises(OperationalError):
        served()
    assert statuses(broadcast) == ["SENDING"] * SIZE + ["SENT"] * SIZE


def test_a_task_ends_in_at_most_one_other(
    going: Callable[..., Broadcast],
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time is over before all is sent: what it had begun is settled, one task goes on."""
    settings.BATCHES_AT_ONCE = 2
    monkeypatch.setattr(pipeline, "SERVES_FOR", 0.3)
    broadcast = going(people(20 * SIZE, ending=SLOW))
    (left,) = served()
    assert left <= timezone.now()
    assert set(statuses(broadcast)) == {"SENT", "PENDING"}


def test_what_is_due_when_its_time_is_over_waits_for_no_answer(
    going: Callable[..., Broadcast],
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another worker can have it while this one waits for a silent provider."""
    settings.BATCHES_AT_ONCE, settings.PROVIDER_TIMEOUT = 2, 1.0
    monkeypatch.setattr(pipeline, "SERVES_FOR", 0.3)
    broadcast = going(people(4 * SIZE, ending=NEVER_ANSWERS))
    left: list[datetime] = []
    serve_lanes(clock=timezone.now, announce=lambda _: left.append(timezone.now()))
    assert statuses(broadcast) == ["UNKNOWN"] * 2 * SIZE + ["PENDING"] * 2 * SIZE
    (told_at,) = left
    soon = told_at + timedelta(seconds=0.3)
    assert not broadcast.batches.filter(settled_at__lt=soon).exists()


def test_nothing_due_is_nothing_done(bot: Sender) -> None:
    assert served() == []


def test_a_hold_of_the_sender_is_hinted_at_for_when_it_is_over(
    going: Callable[..., Broadcast], people: MakePeople, bot: Sender
) -> None:
    """The hint of a paced batch's successor was given before its answers were there."""
    going([*people(1, ending=BUSY_ONCE), *people(SIZE)])
    Sender.objects.update(messages_per_second=Decimal(100))
    left = served()
    bot.refresh_from_db()
    assert bot.held_until is not None
    assert any(at >= bot.held_until for at in left)
