"""Several batches under way in one process: no batch waits for another's answers or is lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Protocol

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.engine.batch import sweep_batches
from broadcast.engine.locked_rows import settle_kept_answers
from broadcast.engine.pipeline import serve_lanes
from broadcast.engine.settling import settle
from broadcast.models import Batch, Broadcast
from broadcast.moves.messages import Moved
from channels.models import Sender
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.engine import replace_settle, set_first_cut, set_serving_time
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

SIZE = 2
"""Messages in a batch."""
SLOW = 9008
NEVER_ANSWERS = 9009
BUSY_ONCE = 9005

pytestmark = pytest.mark.django_db


class StartBroadcast(Protocol):
    def __call__(self, contacts: list[Contact], *, delay: int = ...) -> Broadcast: ...


@pytest.fixture
def going(rich: Wallet, tenant: Tenant, draft: MakeBroadcast, now: datetime) -> StartBroadcast:
    """A queued broadcast in batches of SIZE messages, `delay` seconds apart."""

    def make(contacts: list[Contact], *, delay: int = 0) -> Broadcast:
        Sender.objects.update(batch_size=SIZE, batch_delay=Decimal(delay))
        return lifecycle.send(tenant=tenant, broadcast_id=draft(contacts).pk, now=now)

    return make


def settled_at(broadcast: Broadcast) -> datetime:
    """The time at which the broadcast's only batch was settled."""
    at = broadcast.batches.get().settled_at
    assert at is not None
    return at


def serve() -> list[datetime]:
    """Does one task's work; returns the due times that it announced to other tasks."""
    announced: list[datetime] = []
    serve_lanes(clock=timezone.now, announce=announced.append)
    return announced


def settle_after_first(disturb: Callable[[], None]) -> Callable[..., Moved]:
    """A stand-in for `settle` that calls `disturb` before it settles the first batch."""
    calls = count()

    def stand_in(**answers: Any) -> Moved:
        if next(calls) == 0:
            disturb()
        return settle(**answers)

    return stand_in


def fail() -> None:
    raise RuntimeError("The first batch failed.")


def break_connection() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def most_at_once(broadcast: Broadcast) -> int:
    """The largest number of batches that were handed over and not settled at one moment."""
    starts = broadcast.batches.values_list("handed_at", flat=True)
    return max(
        broadcast.batches.filter(handed_at__lte=at, settled_at__gt=at).count() for at in starts
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at_once", [1, 3])
def test_while_answers_are_waited_for_as_many_batches_as_allowed_are_begun(
    going: StartBroadcast, people: MakePeople, settings: Settings, at_once: int
) -> None:
    settings.BATCHES_AT_ONCE = at_once
    broadcast = going(people(5 * SIZE, ending=SLOW))
    assert serve() == []
    assert statuses(broadcast) == ["SENT"] * 5 * SIZE
    assert most_at_once(broadcast) == at_once
    broadcast.refresh_from_db()
    assert broadcast.status == "SENT"
    assert_books_balance(broadcast)


def test_a_lane_that_is_due_is_served_while_another_ones_provider_takes_its_time(
    going: StartBroadcast, people: MakePeople, settings: Settings
) -> None:
    """No lane is due twice: the delay is a minute."""
    settings.BATCHES_AT_ONCE, settings.PROVIDER_TIMEOUT = 2, 1.0
    slow = going(people(2 * SIZE, ending=NEVER_ANSWERS), delay=60)
    quick = going(people(2 * SIZE), delay=60)
    announced = serve()
    assert statuses(slow) == ["UNKNOWN"] * SIZE + ["PENDING"] * SIZE
    assert statuses(quick) == ["SENT"] * SIZE + ["PENDING"] * SIZE
    assert settled_at(quick) < settled_at(slow)
    now = timezone.now()
    assert len(announced) == 2
    assert all(timedelta(seconds=50) < at - now < timedelta(seconds=60) for at in announced)


def test_a_process_with_a_silent_provider_goes_on_serving_others(
    going: StartBroadcast,
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The quick lane is due only after the task would have ended without the silent provider."""
    settings.BATCHES_AT_ONCE, settings.PROVIDER_TIMEOUT = 2, 1.0
    set_serving_time(monkeypatch, 0.05)
    set_first_cut(monkeypatch, 0.1)
    slow = going(people(SIZE, ending=NEVER_ANSWERS), delay=60)
    quick = going(people(2 * SIZE), delay=60)
    quick.lanes.update(next_batch_at=timezone.now() + timedelta(seconds=0.5))
    serve()
    assert statuses(slow) == ["UNKNOWN"] * SIZE
    assert statuses(quick) == ["SENT"] * SIZE + ["PENDING"] * SIZE
    assert settled_at(quick) < settled_at(slow)


def test_what_one_batch_raises_costs_the_others_nothing(
    going: StartBroadcast,
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.BATCHES_AT_ONCE = 2
    broadcast = going(people(3 * SIZE, ending=SLOW))
    replace_settle(monkeypatch, settle_after_first(fail))
    announced: list[datetime] = []
    with pytest.raises(RuntimeError, match="The first batch failed"):
        serve_lanes(clock=timezone.now, announce=announced.append)
    assert statuses(broadcast) == ["SENDING"] * SIZE + ["SENT"] * SIZE + ["PENDING"] * SIZE
    (due,) = announced
    assert due <= timezone.now()
    serve()
    Batch.objects.filter(settled_at=None).update(lease_expires_at=timezone.now())
    assert sweep_batches(now=timezone.now()) == 1
    assert statuses(broadcast) == ["UNKNOWN"] * SIZE + ["SENT"] * 2 * SIZE
    assert_books_balance(broadcast)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_breaks_costs_no_answer(
    going: StartBroadcast,
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.BATCHES_AT_ONCE = 2
    broadcast = going(people(2 * SIZE, ending=SLOW))
    replace_settle(monkeypatch, settle_after_first(break_connection))
    serve()
    assert settle_kept_answers() == 0
    assert statuses(broadcast) == ["SENT"] * 2 * SIZE
    assert_books_balance(broadcast)


def test_a_task_ends_in_at_most_one_other(
    going: StartBroadcast,
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When its time is over, the task settles the begun batches and announces one successor."""
    settings.BATCHES_AT_ONCE = 2
    set_serving_time(monkeypatch, 0.3)
    broadcast = going(people(20 * SIZE, ending=SLOW))
    (due,) = serve()
    assert due <= timezone.now()
    assert set(statuses(broadcast)) == {"SENT", "PENDING"}


def test_what_is_due_when_its_time_is_over_waits_for_no_answer(
    going: StartBroadcast,
    people: MakePeople,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another worker can take the lane while this worker waits for a silent provider."""
    settings.BATCHES_AT_ONCE, settings.PROVIDER_TIMEOUT = 2, 1.0
    set_serving_time(monkeypatch, 0.3)
    broadcast = going(people(4 * SIZE, ending=NEVER_ANSWERS))
    announced_at: list[datetime] = []
    serve_lanes(clock=timezone.now, announce=lambda _: announced_at.append(timezone.now()))
    assert statuses(broadcast) == ["UNKNOWN"] * 2 * SIZE + ["PENDING"] * 2 * SIZE
    (at,) = announced_at
    soon = at + timedelta(seconds=0.3)
    assert not broadcast.batches.filter(settled_at__lt=soon).exists()


def test_nothing_due_is_nothing_done(bot: Sender) -> None:
    assert serve() == []


def test_a_hold_of_the_sender_is_hinted_at_for_when_it_is_over(
    going: StartBroadcast, people: MakePeople, bot: Sender
) -> None:
    """A paced batch announces its successor before its own answers arrive with the hold."""
    going([*people(1, ending=BUSY_ONCE), *people(SIZE)])
    Sender.objects.update(messages_per_second=Decimal(100))
    announced = serve()
    bot.refresh_from_db()
    assert bot.held_until is not None
    assert any(at >= bot.held_until for at in announced)
