"""When each message of a sender may leave: one Lua call reserves the times of a whole batch.

A generic cell rate algorithm: the sender's key holds the time from which its next message may
leave, in microseconds of Redis' own clock, so that all workers share one clock and one limit.
Messages are spaced evenly, so the limit holds in every sliding second. What would leave later than
the horizon gets no time and spends none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings

MAX_BATCH_SIZE = 1000
"""A batch has one lease, which larger ones would outlive."""
HORIZON = 2.0
"""Seconds. What is due later goes back to its row; so a batch is short, and a pause takes hold."""
LEAD = 0.25
"""Seconds before a sender's next free time at which the next batch is to be claimed."""
MARGIN = Decimal("0.965")
"""Share of the limit that is used. Requests do not arrive as evenly as they are sent: with this,
they may be shaken by 36 ms and no sliding second holds one too many."""
MICRO = 1_000_000

# KEYS: the limiter's epoch, the sender's next free time and the mix of what was before it; with a
# recipient's address behind it, his own.
# ARGV: microseconds: per unit of cost, horizon, between two to one recipient, to keep free before
# these costs where others were before them; their mix; the addresses and the costs, each in one
# string: a hundred arguments cost more than all that is done with them.
# Returns, for each message, microseconds from now; negative: no time, but not before -value; then
# the sender's next free time, from now. All in one string: fifty replies take ten times as long to
# read.
# Redis that was flushed has no epoch: whatever was sent in the last moments is forgotten, and the
# times up to the horizon that workers still hold. So all senders start closed until the last of
# these is as long ago as their limits look back.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, horizon, pair = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local epoch = tonumber(redis.call('GET', KEYS[1]))
if not epoch or epoch > now then
    epoch = now
    redis.call('SET', KEYS[1], string.format('%.0f', now))
end
local free = now
if interval > 0 then
    free = epoch + horizon + 1000000
    local known = redis.call('GET', KEYS[2])
    if known then
        local at, mix = string.match(known, '^(%d+) ?(.*)$')
        -- No more than the last message of before can want: the limit may have been raised since,
        -- or the clock set back.
        local longest = tonumber(string.match(mix, '%d+')) or 1
        free = math.min(tonumber(at), now + horizon + 1000000 + interval * longest)
        if mix ~= ARGV[5] then free = free + tonumber(ARGV[4]) end
    end
    free = math.max(now, free)
end
local until_horizon = now + horizon
local first = epoch + horizon + pair
local keys, said = {}, {}
for address in string.gmatch(ARGV[6], '%S+') do keys[#keys + 1] = KEYS[2] .. ':' .. address end
local pair_left = math.ceil(pair / 1000)
if pair > 0 then
    -- A thousand at a time, as Lua hands over no more than 8,000 values.
    for from = 0, #keys - 1, 1000 do
        local some = {unpack(keys, from + 1, math.min(from + 1000, #keys))}
        for i, at in ipairs(redis.call('MGET', unpack(some))) do said[some[i]] = tonumber(at) end
    end
end
local answer = {}
local is_any = false
local costs = string.gmatch(ARGV[7], '%d+')
for _, key in ipairs(keys) do
    local at, cost = free, tonumber(costs())
    if pair > 0 then
        at = math.max(at, said[key] and math.min(said[key], until_horizon) + pair or first)
    end
    -- Where the sender is limited, one who waits for his own limit would break the even spacing.
    if at > until_horizon or (interval > 0 and at > free) then
        answer[#answer + 1] = string.format('%.0f', -math.max(1, at - now))
    else
        answer[#answer + 1] = string.format('%.0f', at - now)
        is_any = true
        if interval > 0 then free = free + interval * cost end
        if pair > 0 then
            said[key] = at
            redis.call('SET', key, string.format('%.0f', at), 'PX',
                       pair_left + math.ceil((at - now) / 1000))
        end
    end
end
if interval > 0 and is_any then
    redis.call('SET', KEYS[2], string.format('%.0f %s', free, ARGV[5]))
end
answer[#answer + 1] = string.format('%.0f', free - now)
return table.concat(answer, ' ')
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """A sender's: messages a second (None: none), and seconds between two to one recipient."""

    sender_id: str
    messages_per_second: Decimal | None
    pair_interval: float

    @property
    def is_none(self) -> bool:
        return self.messages_per_second is None and self.pair_interval == 0

    @property
    def interval(self) -> float:
        """Seconds between two messages, as they are spaced; 0 without a limit."""
        if self.messages_per_second is None:
            return 0.0
        return float(1 / (self.messages_per_second * MARGIN))

    def interval_for(self, costs: Sequence[int]) -> float:
        """Seconds for each unit of cost in a batch of these.

        A message of several segments leaves whole, so the last one in a second must find room for
        all of them: alike ones at so many whole messages a second, others with the longest's room
        kept free. One that is longer than a second's limit takes the seconds that it costs.
        """
        limit, longest = self.messages_per_second, max(costs, default=1)
        if limit is None or longest == 1 or longest > limit:
            return self.interval
        is_alike = min(costs) == longest
        units = limit // longest * longest if is_alike else limit - longest + 1
        return float(1 / (units * MARGIN))

    def kept_free_for(self, costs: Sequence[int]) -> float:
        """Seconds before a batch of these that follows one of another mix, whose spacing left no
        room for its longest; after a second nothing counts any more."""
        return min(1.0, (max(costs, default=1) - 1) * self.interval_for(costs))

    def most(self, size: int, *, cost: int = 1) -> int:
        """How many of `size` messages of this cost can leave within the horizon."""
        if self.messages_per_second is None:
            return size
        return max(1, min(size, int(HORIZON / (self.interval * cost)) + 1))


@dataclass(frozen=True, slots=True)
class Times:
    """`waits` in seconds from now, one a message: None where there is none within the horizon,
    and then `not_before` says when to ask again. `free_in`: when the sender is free again."""

    waits: list[float | None]
    not_before: list[float]
    free_in: float


def reserve(*, limits: Limits, addresses: Sequence[str], costs: Sequence[int]) -> Times:
    """Reserve times for messages to these addresses, in their order; costs are in messages.

    Nothing is kept in Redis of what has no limit. Raises redis.RedisError.
    """
    if limits.is_none:
        return Times([0.0] * len(addresses), [0.0] * len(addresses), 0.0)
    keys = _keys(limits.sender_id)
    seconds = [limits.interval_for(costs), HORIZON, limits.pair_interval]
    seconds += [limits.kept_free_for(costs)]
    mix = f"{'all' if len(set(costs)) <= 1 else 'up to'} {max(costs, default=1)}"
    listed = [" ".join(addresses), " ".join(map(str, costs))]
    told: bytes = _script()(keys=keys, args=[*(each * MICRO for each in seconds), mix, *listed])
    *times, free = map(int, told.split())
    return Times(
        waits=[each / MICRO if each >= 0 else None for each in times],
        not_before=[abs(each) / MICRO for each in times],
        free_in=free / MICRO,
    )


def remember_the_start() -> None:
    """Count what the limiter looks back on from now on, where it has no memory; else nothing.

    Else the first batch would: beat calls this, so that a Redis that came up empty a while ago
    keeps nobody waiting. Raises redis.RedisError.
    """
    _script()(keys=_keys("nobody"), args=[0, 0, 0, 0, "", "", ""])


def _keys(sender_id: str) -> list[str]:
    """The limiter's epoch and the sender's own."""
    prefix = f"{settings.REDIS_KEY_PREFIX}pace:"
    return [f"{prefix}epoch", f"{prefix}{sender_id}"]


@lru_cache(maxsize=1)
def _script() -> Any:
    """One client a process; its pool makes connections anew after a fork."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5)
    return client.register_script(SCRIPT)
