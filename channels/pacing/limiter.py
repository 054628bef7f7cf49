"""Decides when each message of a sender may leave; one Lua call reserves a whole batch's times.

The script is a generic cell rate algorithm: the sender's key holds the time from which its next
message may leave, in microseconds of Redis' own clock, so all workers share one clock and one
limit. Messages are spaced evenly, so the limit holds in every sliding second. A message that would
leave later than the horizon gets no time and uses up none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

MAX_BATCH_SIZE = 1000
"""Messages. A batch has one lease, and sending a larger batch would outlast it."""
HORIZON = 2.0
"""Seconds. A message that is due later returns to PENDING: batches stay short, so a pause takes
effect soon."""
LEAD = 0.25
"""Seconds between claiming the next batch and the sender's next free time."""
MARGIN = Decimal("0.965")
"""Share of the limit that is used. Requests do not arrive as evenly as they are sent: with this
margin no sliding second exceeds the limit even if arrivals shift by 36 ms."""
MICRO = 1_000_000
TIMEOUT = 1.0
"""Seconds. A claim holds locks while it waits for Redis."""

SCRIPT = files("channels.pacing").joinpath("reserve.lua").read_text(encoding="utf-8")
"""The comment at the script's head describes its keys, arguments and answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A sender's limits: messages per second (None: unlimited) and `pair_interval`, the seconds
    between two messages to one recipient (0: no such limit)."""

    sender_id: str
    messages_per_second: Decimal | None
    pair_interval: float

    @property
    def is_none(self) -> bool:
        return self.messages_per_second is None and self.pair_interval == 0

    @property
    def interval(self) -> float:
        """Seconds between two messages of one unit; 0 without a limit."""
        if self.messages_per_second is None:
            return 0.0
        return float(1 / (self.messages_per_second * MARGIN))

    def interval_for(self, costs: Sequence[int]) -> float:
        """Seconds per unit of cost in a batch with these costs.

        All segments of a message leave at once, so the last message of a second needs room for all
        of its segments. If all costs are equal, only whole messages per second count; otherwise the
        longest message's room stays free. A message longer than one second's limit simply takes
        the seconds that it costs.
        """
        limit, longest = self.messages_per_second, max(costs, default=1)
        if limit is None or longest == 1 or longest > limit:
            return self.interval
        is_alike = min(costs) == longest
        units = limit // longest * longest if is_alike else limit - longest + 1
        return float(1 / (units * MARGIN))

    def kept_free_for(self, costs: Sequence[int]) -> float:
        """Seconds to keep free in front of a batch with these costs if the last batch had another
        mix: that batch's spacing left no room for this one's longest message. At most a second,
        because the limit looks back no further."""
        return min(1.0, (max(costs, default=1) - 1) * self.interval_for(costs))

    def most(self, size: int, *, cost: int = 1) -> int:
        """How many of `size` messages of this cost can leave within the horizon; at least 1."""
        if self.messages_per_second is None:
            return size
        return max(1, min(size, int(HORIZON / (self.interval * cost)) + 1))


@dataclass(frozen=True, slots=True)
class Times:
    """Reserved times, in seconds from now and in the messages' order.

    `waits` is None for a message that got no time within the horizon; `not_before` then says when
    to ask again. The sender is free again after `free_in`.
    """

    waits: list[float | None]
    not_before: list[float]
    free_in: float


def reserve(*, limits: Limits, addresses: Sequence[str], costs: Sequence[int]) -> Times:
    """Reserve times for messages to these addresses, in this order; costs are in messages.

    Redis stores nothing for a sender without limits. Raises redis.RedisError.
    """
    if limits.is_none:
        return Times([0.0] * len(addresses), [0.0] * len(addresses), 0.0)
    keys = _keys(limits.sender_id)
    seconds = [limits.interval_for(costs), HORIZON, limits.pair_interval]
    seconds += [limits.kept_free_for(costs)]
    mix = f"{'all' if len(set(costs)) <= 1 else 'up to'} {max(costs, default=1)}"
    lists = [" ".join(addresses), " ".join(map(str, costs))]
    durations = [duration * MICRO for duration in seconds]
    answer: bytes = _script()(keys=keys, args=[*durations, mix, *lists])
    *times, free = map(int, answer.split())
    return Times(
        waits=[time / MICRO if time >= 0 else None for time in times],
        not_before=[abs(time) / MICRO for time in times],
        free_in=free / MICRO,
    )


def remember_the_start() -> None:
    """Start the limiter's epoch now if Redis has none; otherwise change nothing.

    A batch would start the epoch too, but would then wait until the closed seconds after it are
    over. Beat calls this function, so that a Redis which was flushed a while ago delays no batch.
    Raises redis.RedisError.
    """
    _script()(keys=_keys("nobody"), args=[0, 0, 0, 0, "", "", ""])


def _keys(sender_id: str) -> list[str]:
    """The keys of the limiter's epoch and of the sender."""
    prefix = f"{settings.REDIS_KEY_PREFIX}pace:"
    return [f"{prefix}epoch", f"{prefix}{sender_id}"]


@lru_cache(maxsize=1)
def _script() -> Any:
    """The script, with its SHA computed once per process. After a fork the client's connection pool
    opens new connections."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        # An idle connection may have been closed by the server.
        retry=Retry(NoBackoff(), 1),
    )
    return client.register_script(SCRIPT)
