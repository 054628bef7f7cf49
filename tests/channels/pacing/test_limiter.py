"""The limiter on a real Valkey: a limit is used up, and holds in every sliding second."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from time import monotonic

import pytest
import redis
from django.conf import settings

from channels.pacing.limiter import HORIZON, Limits, Times, remember_the_start, reserve

SENDERS = count(1)
WORKERS = 4
SHAKEN = 0.02
"""Delay of every second message, in seconds."""


@pytest.fixture
def valkey(redis_client: redis.Redis) -> redis.Redis:
    """Valkey, as after a limiter has run for a long time."""
    redis_client.set(f"{settings.REDIS_KEY_PREFIX}pace:epoch", 1)
    return redis_client


def limits(per_second: float | None = None, *, pair: float = 0.0) -> Limits:
    limit = None if per_second is None else Decimal(str(per_second))
    return Limits(f"sender-{next(SENDERS)}", limit, pair)


def ask(
    sender_limits: Limits, size: int, *, costs: Sequence[int] | None = None, to: str = ""
) -> Times:
    """Reserves times for `size` messages, each to another address, or all to `to`."""
    addresses = [to or f"{next(SENDERS)}" for _ in range(size)]
    return reserve(limits=sender_limits, addresses=addresses, costs=costs or [1] * size)


def most_in_a_second(times: list[float]) -> int:
    """The most times within one second; a second excludes its start and includes its end."""
    return max(sum(1 for time in times if at - 1.0 < time <= at) for at in times)


@pytest.mark.parametrize("per_second", [1, 30, 80, 400])
def test_the_limit_is_reached_and_never_passed(valkey: redis.Redis, per_second: int) -> None:
    sender_limits = limits(per_second)
    times: list[float] = []
    for _ in range(40):
        asked_at = monotonic()
        times += [asked_at + wait for wait in ask(sender_limits, 25).waits if wait is not None]
    shaken = [wait + SHAKEN * (n % 2) for n, wait in enumerate(sorted(times))]
    assert most_in_a_second(shaken) <= per_second
    assert len(times) >= int(0.95 * HORIZON * per_second)
    assert (max(times) - min(times)) / (len(times) - 1) <= 1 / (0.95 * per_second)


def test_no_time_is_given_twice_to_workers_at_once(valkey: redis.Redis) -> None:
    sender_limits = limits(1000)
    with ThreadPoolExecutor(WORKERS) as workers:
        answers = list(workers.map(lambda _: ask(sender_limits, 10), range(50)))
    granted = sum(1 for times in answers for wait in times.waits if wait is not None)
    assert granted == 500
    assert max(times.free_in for times in answers) == pytest.approx(
        500 * sender_limits.interval, abs=0.4
    )


def test_what_is_beyond_the_horizon_gets_no_time_and_spends_none(valkey: redis.Redis) -> None:
    sender_limits = limits(10)
    first = ask(sender_limits, 50)
    granted = [wait for wait in first.waits if wait is not None]
    assert len(granted) == 20
    assert max(granted) <= HORIZON < min(first.not_before[20:])
    assert set(ask(sender_limits, 5).waits) == {None}


def test_a_message_of_three_segments_costs_three(valkey: redis.Redis) -> None:
    waits = [wait or 0.0 for wait in ask(limits(10), 3, costs=[3, 1, 1]).waits]
    assert waits[1] - waits[0] == pytest.approx(3 * (waits[2] - waits[1]), rel=0.01)


@pytest.mark.parametrize(
    ("per_second", "costs", "share"),
    [(5, [2], 0.77), (10, [3], 0.86), (30, [2], 0.95), (30, [1, 4, 2], 0.86)],
)
def test_texts_of_several_segments_never_pass_the_limit(
    valkey: redis.Redis, per_second: int, costs: list[int], share: float
) -> None:
    sender_limits = limits(per_second)
    sent: list[tuple[float, int]] = []
    for _ in range(20):
        asked_at, all_costs = monotonic(), costs * 10
        waits = ask(sender_limits, len(all_costs), costs=all_costs).waits
        sent += [
            (asked_at + wait, cost)
            for wait, cost in zip(waits, all_costs, strict=True)
            if wait is not None
        ]
    shaken = [(at + SHAKEN * (n % 2), cost) for n, (at, cost) in enumerate(sorted(sent))]
    most = max(sum(cost for at, cost in shaken if end - 1.0 < at <= end) for end, _ in shaken)
    assert most <= per_second
    spent = sum(cost for _, cost in sorted(sent)[:-1])
    assert spent / (max(sent)[0] - min(sent)[0]) >= share * per_second


@pytest.mark.parametrize(
    "batches",
    [
        [[1] * 10, [3] * 3],
        [[1] * 5, [1, 2, 1, 1]],
        [[2] * 5, [5] * 2],
        [[1, 3, 2], [3] * 3],
        [[4], [1] * 7, [2, 1]],
    ],
)
def test_batches_of_other_lengths_after_each_other_never_pass_the_limit(
    valkey: redis.Redis, batches: list[list[int]]
) -> None:
    sender_limits = limits(10)
    sent: list[tuple[float, int]] = []
    for costs in batches * 4:
        asked_at = monotonic()
        waits = ask(sender_limits, len(costs), costs=costs).waits
        sent += [
            (asked_at + wait, cost)
            for wait, cost in zip(waits, costs, strict=True)
            if wait is not None
        ]
    most = max(sum(cost for at, cost in sent if end - 1.0 < at <= end) for end, _ in sent)
    assert most <= 10
    last, first = max(sent)[0], min(sent)[0]
    assert sum(cost for at, cost in sent if at < last) / (last - first) >= 5


def test_a_text_longer_than_a_seconds_limit_takes_its_seconds(valkey: redis.Redis) -> None:
    waits = ask(limits(2), 2, costs=[3, 3]).waits
    assert waits[0] == 0.0
    assert waits[1] == pytest.approx(1.5 / 0.965, abs=0.05)


def test_one_recipient_is_not_written_to_again_too_soon(valkey: redis.Redis) -> None:
    sender_limits = limits(pair=6.0)
    assert ask(sender_limits, 1, to="49170").waits == [0.0]
    again = ask(sender_limits, 1, to="49170")
    assert again.waits == [None]
    assert 5.0 < again.not_before[0] <= 6.0
    assert ask(sender_limits, 1, to="49171").waits == [0.0]


def test_a_batch_of_any_size_gets_its_times(valkey: redis.Redis) -> None:
    """The limiter takes batches of any size, although Lua unpacks at most 8,000 values."""
    sender_limits = limits(pair=6.0)
    last = ["1"] * 2
    times = reserve(
        limits=sender_limits, addresses=[*(f"9{n}" for n in range(9_000)), *last], costs=[1] * 9_002
    )
    assert times.waits[:-1] == [0.0] * 9_001
    assert times.waits[-1] is None
    assert ask(sender_limits, 1, to="98999").waits == [None]


def flush(valkey: redis.Redis) -> None:
    valkey.delete(*valkey.keys(f"{settings.REDIS_KEY_PREFIX}*"))


def test_after_a_flush_the_limiter_starts_closed(valkey: redis.Redis) -> None:
    paced, paired = limits(10), limits(pair=6.0)
    assert ask(paced, 1).waits == [0.0]
    flush(valkey)
    for sender_limits, closed in ((paced, HORIZON + 1.0), (paired, HORIZON + 6.0)):
        after = ask(sender_limits, 1)
        assert after.waits == [None]
        assert after.not_before == [pytest.approx(closed, abs=0.3)]


def test_an_empty_limiter_is_closed_from_beats_first_look(valkey: redis.Redis) -> None:
    """The limiter is closed from beat's look on, not from the first batch."""
    flush(valkey)
    remember_the_start()
    (key,) = valkey.keys(f"{settings.REDIS_KEY_PREFIX}pace:*")
    seconds, _ = valkey.time()
    assert abs(float(valkey.get(key) or 0) / 1_000_000 - seconds) < 5
    long_ago = (seconds - 60) * 1_000_000
    valkey.set(key, long_ago)
    remember_the_start()
    assert int(valkey.get(key) or 0) == long_ago
    assert ask(limits(pair=6.0), 1).waits == [0.0]


def test_a_flush_forgets_no_time_that_a_worker_was_given(valkey: redis.Redis) -> None:
    """A batch after the flush leaves after the messages that got their times before."""
    paced, paired = limits(20), limits(pair=1.5)
    asked_at = monotonic()
    times_given = [asked_at + wait for wait in ask(paced, 50).waits if wait is not None]
    ask(paired, 1, to="49170")
    asked_at = monotonic()
    times_to_one = [
        asked_at + wait for wait in ask(paired, 1, to="49170").waits if wait is not None
    ]
    flush(valkey)
    asked_at = monotonic()
    assert asked_at + ask(paced, 1).not_before[0] > max(times_given) + 1.0
    assert asked_at + ask(paired, 1, to="49170").not_before[0] > max(times_to_one) + 1.5


def test_a_clock_that_was_set_back_closes_nobody_for_as_long(valkey: redis.Redis) -> None:
    paced, paired = limits(10), limits(pair=6.0)
    ask(paced, 1)
    ask(paired, 1, to="49170")
    seconds, _ = valkey.time()
    ahead = (seconds + 3600) * 1_000_000
    prefix = f"{settings.REDIS_KEY_PREFIX}pace:"
    valkey.set(f"{prefix}epoch", ahead)
    valkey.set(f"{prefix}{paced.sender_id}", f"{ahead} all 1")
    valkey.set(f"{prefix}{paired.sender_id}:49170", ahead)
    assert ask(paced, 1).not_before[0] < HORIZON + 1.5
    assert ask(paired, 1, to="49170").not_before[0] < HORIZON + 6.5
    assert ask(limits(10), 1).not_before[0] < HORIZON + 1.5


def test_a_raised_limit_does_not_wait_for_the_old_ones_next_time(valkey: redis.Redis) -> None:
    slow = limits(0.01)
    assert ask(slow, 1).waits == [0.0]
    assert 90.0 < ask(slow, 1).not_before[0] <= 104.0
    raised = Limits(slow.sender_id, Decimal(100), 0.0)
    assert ask(raised, 1).not_before[0] < HORIZON + 1.5


def test_without_a_limit_nothing_is_asked_or_kept(redis_client: redis.Redis) -> None:
    assert ask(limits(), 2).waits == [0.0, 0.0]
    assert redis_client.keys(f"{settings.REDIS_KEY_PREFIX}pace:*") == []
