"""The first half of a batch: claims messages, and shuts the fence before they are handed over."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from broadcast.engine.claim_sql import LOCK, SHUT_FENCE, claim_sql
from broadcast.engine.reserving import defer, limits_of, reserve_times
from broadcast.lanes.closed_zones import NONE_CLOSED, ClosedZones
from broadcast.lanes.lanes import rest
from broadcast.models import Broadcast, Lane
from broadcast.moves.messages import Moved, append_to_ledger
from broadcast.planning.eligibility import scopes_that_stop
from channels.models import Sender
from postgres import prepared
from postgres.ids import new_id


class ClaimedMessage(NamedTuple):
    id: UUID
    address: str
    token: int
    variables: Mapping[str, str]
    segments: int = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch's messages; `moved` says how many messages of the broadcast are left.

    `starts`: when each message may leave (monotonic clock), if its sender is paced. `next_at`: when
    the sender's limits allow the lane's next batch, if it has limits; or, if no message was due,
    when the next one is.
    """

    batch_id: UUID
    messages: list[ClaimedMessage]
    moved: Moved
    starts: Mapping[UUID, float] = field(default_factory=dict)
    next_at: datetime | None = None

    @property
    def is_idle(self) -> bool:
        """Messages were moved, but none is to be sent: the next batch need not wait."""
        return self.moved.count > 0 and not self.messages and self.next_at is None


class _Row(NamedTuple):
    """A row of `claim_sql`: the counters, and a claimed message or, if there is none, nulls."""

    may_be_sent: bool
    pending: int
    sending: int
    moved_count: int
    captured: Decimal
    released: Decimal
    refunded: Decimal
    message_id: UUID | None
    address: str
    token: int
    variables: str
    segments: int

    def moved(self, movement_id: UUID) -> Moved:
        return Moved(
            self.pending,
            self.sending,
            self.moved_count,
            self.captured,
            self.released,
            self.refunded,
            movement_id=movement_id,
        )


def claim(
    *,
    broadcast: Broadcast,
    lane: Lane,
    sender: Sender,
    now: datetime,
    closed: ClosedZones = NONE_CLOSED,
) -> Claim | None:
    """Claim up to a batch of due messages, in one short transaction.

    None if the broadcast may no longer be sent. A message whose contact is gone, opted out or has
    changed is SUPPRESSED and its credits are released; one in a closed zone waits until it opens.
    """
    batch_id = new_id()
    with transaction.atomic(), connection.cursor() as cursor:
        prepared.execute(
            cursor,
            claim_sql(
                platform=broadcast.platform,
                size=limits_of(sender).most(sender.effective_batch_size),
            ),
            {
                **_params(broadcast, now=now),
                **_zones(closed),
                "batch": batch_id,
                "movement": batch_id,
                "lane": lane.pk,
            },
            first=LOCK,
        )
        rows = [_Row._make(row) for row in cursor.fetchall()]
        if not rows or not rows[0].may_be_sent:
            return None
        moved = rows[0].moved(batch_id)
        claimed = Claim(batch_id, _messages(rows), moved)
        if moved.released:
            append_to_ledger(
                broadcast=broadcast,
                moved=moved,
                reference=f"batch:{batch_id}:suppressed",
                actor="claim",
                now=now,
            )
        if not moved.count:
            return replace(claimed, next_at=rest(lane=lane, moved=moved, now=now))
        return _within_limits(claimed, broadcast=broadcast, lane=lane, sender=sender, now=now)


def _messages(rows: Sequence[_Row]) -> list[ClaimedMessage]:
    claimed = [(row.message_id, row) for row in rows if row.message_id is not None]
    # All variables are parsed in one call, which takes a third of the time.
    variables = json.loads(f"[{','.join(row.variables for _, row in claimed)}]")
    return [
        ClaimedMessage(message_id, row.address, row.token, values, row.segments)
        for (message_id, row), values in zip(claimed, variables, strict=True)
    ]


def _within_limits(
    claimed: Claim, *, broadcast: Broadcast, lane: Lane, sender: Sender, now: datetime
) -> Claim:
    """Give back the messages that the sender's limits do not allow within the horizon."""
    if not claimed.messages:
        return claimed
    reserved = reserve_times(sender=sender, messages=claimed.messages, now=now)
    kept = [message for message in claimed.messages if message.id not in reserved.deferred]
    moved = claimed.moved
    if reserved.deferred:
        given_back = defer(
            broadcast=broadcast,
            batch_id=claimed.batch_id,
            deferred=reserved.deferred,
            kept=[message.id for message in kept],
            now=now,
        )
        moved = replace(moved, pending=given_back.pending, sending=given_back.sending)
    if reserved.next_at is not None:
        Lane.objects.filter(pk=lane.pk, next_batch_at__lt=reserved.next_at).update(
            next_batch_at=reserved.next_at
        )
    return replace(
        claimed, messages=kept, moved=moved, starts=reserved.starts, next_at=reserved.next_at
    )


def _params(broadcast: Broadcast, *, now: datetime) -> dict[str, Any]:
    return {
        "broadcast": broadcast.pk,
        "tenant": broadcast.tenant_id,
        "platform": broadcast.platform,
        "scopes": scopes_that_stop(broadcast.category),
        "restricted": bool(settings.SEND_ONLY_TO),
        "allowed": list(settings.SEND_ONLY_TO),
        "now": now,
        "lease": now + timedelta(seconds=settings.BROADCAST_BATCH_LEASE),
    }


def _zones(closed: ClosedZones) -> dict[str, Any]:
    return {
        "zones": list(closed.until),
        "untils": list(closed.until.values()),
        "unknown_until": closed.unknown_until,
    }


def shut_fence(*, batch_id: UUID) -> float | None:
    """The last step before the first byte leaves: the seconds that are left of the batch's lease.

    None if this worker may no longer send the batch. The database's clock and the row's own lease
    decide: a worker that was stopped for long has an old clock reading and an old lease.
    """
    with connection.cursor() as cursor:
        prepared.execute(cursor, SHUT_FENCE, {"batch": batch_id})
        row = cursor.fetchone()
    return None if row is None else float(row[0])
