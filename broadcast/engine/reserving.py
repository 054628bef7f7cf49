"""Reserves the time at which each claimed message may leave, by the limits of its sender.

A message for which a limit has no room is deferred: it goes back to PENDING until its time. It does
not fail, and it spends no attempt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol
from uuid import UUID

from broadcast.models import Broadcast
from broadcast.moves.messages import Moved, move
from broadcast.moves.move_sql import Move
from channels.models import Sender
from channels.pacing.limiter import HORIZON, LEAD, Limits, reserve
from channels.providers.registry import adapter_for
from channels.senders import daily_limit

HEAD_START = 0.1
"""Seconds by which every paced message leaves after its reserved time. The work that is left until
then (commit, fence, rendering) must not eat into the spacing."""

DEFER = Move(
    ctes="""
d AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(ats)s::timestamptz[]) AS t(id, at)
),
-- The batch keeps the other messages. A batch that keeps none is over.
smaller AS (
    UPDATE broadcast_batch SET message_ids = %(kept)s::uuid[],
        settled_at = CASE WHEN cardinality(%(kept)s::uuid[]) = 0 THEN %(now)s::timestamptz END
    WHERE id = %(batch)s
)""",
    update="""
UPDATE broadcast_broadcastmessage m
SET status = 'PENDING', status_at = %(now)s, attempts = m.attempts - 1, next_attempt_at = d.at,
    batch_id = NULL
FROM d WHERE m.id = d.id AND m.broadcast_id = %(broadcast)s AND m.batch_id = %(batch)s
  AND m.status = 'SENDING'
""",
)


class HasAddress(Protocol):
    """What reserving reads of a claimed message."""

    @property
    def id(self) -> UUID: ...
    @property
    def address(self) -> str: ...
    @property
    def segments(self) -> int: ...


@dataclass(slots=True)
class Reserved:
    """When each message may leave, or until when it is deferred.

    `starts`: by the process's monotonic clock, for paced senders only. `next_at`: when to claim the
    lane's next batch; None if the sender has no limit.
    """

    starts: dict[UUID, float] = field(default_factory=dict)
    deferred: dict[UUID, datetime] = field(default_factory=dict)
    next_at: datetime | None = None


def limits_of(sender: Sender) -> Limits:
    return Limits(
        sender_id=str(sender.pk),
        messages_per_second=sender.messages_per_second,
        pair_interval=adapter_for(sender.provider).capabilities.pair_interval,
    )


def reserve_times(*, sender: Sender, messages: Sequence[HasAddress], now: datetime) -> Reserved:
    """Take the messages' share of the daily limit in PostgreSQL, and their times in Redis.

    Called within the claim's transaction. If that is rolled back, the times in Redis are lost; no
    time is ever used twice.
    """
    reserved = Reserved()
    granted = daily_limit.take(sender=sender, wanted=len(messages), now=now)
    for message in messages[granted:]:
        reserved.deferred[message.id] = reserved.next_at = daily_limit.next_day(sender, now=now)
    _pace(reserved, sender=sender, messages=messages[:granted], now=now)
    if unused := granted - (len(messages) - len(reserved.deferred)):
        daily_limit.give_back(sender=sender, unused=unused, now=now)
    return reserved


def _pace(
    reserved: Reserved, *, sender: Sender, messages: Sequence[HasAddress], now: datetime
) -> None:
    limits = limits_of(sender)
    if limits.is_none or not messages:
        return
    asked_at = monotonic()
    times = reserve(
        limits=limits,
        addresses=[message.address for message in messages],
        costs=[max(1, message.segments) for message in messages],
    )
    is_paced = limits.messages_per_second is not None
    for message, wait, not_before in zip(messages, times.waits, times.not_before, strict=True):
        if wait is None:
            early = LEAD if is_paced and not_before > HORIZON else 0.0
            reserved.deferred[message.id] = now + timedelta(seconds=not_before - early)
        elif is_paced or wait:
            reserved.starts[message.id] = asked_at + wait + HEAD_START
    if is_paced and reserved.next_at is None:
        reserved.next_at = now + timedelta(seconds=max(0.0, times.free_in - LEAD))


def defer(
    *,
    broadcast: Broadcast,
    batch_id: UUID,
    deferred: Mapping[UUID, datetime],
    kept: Sequence[UUID],
    now: datetime,
) -> Moved:
    """Return claimed messages to PENDING until their times; their attempts are given back.

    The caller has locked the counters.
    """
    return move(
        broadcast_id=broadcast.pk,
        update=DEFER,
        params={
            "ids": list(deferred),
            "ats": list(deferred.values()),
            "kept": list(kept),
            "batch": batch_id,
            "now": now,
        },
    )
