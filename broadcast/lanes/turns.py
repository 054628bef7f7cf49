"""Decides which lane is served next: tenants in order of their oldest service.

A task in the queue says that some lane is due, not which one. The queue is first come, first
served: if each lane had its own task, a tenant with a thousand broadcasts would have a thousand
places in it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from postgres import prepared

ACTIVE_LANES = """
-- Every active lane counts towards when its tenant was last served. Lanes of held senders, and
-- sleeping lanes, are never due.
going AS (
    SELECT l.id, l.next_batch_at, coalesce(s.batch_delay, %(delay)s) AS delay,
           max(l.served_at) OVER (PARTITION BY b.tenant_id) AS tenant_served_at,
           l.next_batch_at <= %(due)s AND (s.held_until IS NULL OR s.held_until <= %(due)s)
               AND (b.expires_at IS NULL OR b.expires_at > %(due)s) AS is_due
    FROM broadcast_lane l
    JOIN broadcast_broadcast b ON b.id = l.broadcast_id
    JOIN channels_sender s ON s.id = b.sender_id
    WHERE l.next_batch_at IS NOT NULL AND b.status IN ('QUEUED', 'SENDING')
      AND b.paused_at IS NULL
)
"""

TAKE_NEXT = f"""
WITH {ACTIVE_LANES},
-- Of any number of workers each gets another lane. PostgreSQL checks again that the lane is due
-- once it has locked the row.
chosen AS (
    SELECT l.id, going.delay FROM broadcast_lane l JOIN going ON going.id = l.id
    WHERE going.is_due AND l.next_batch_at <= %(due)s
    ORDER BY going.tenant_served_at NULLS FIRST, l.served_at NULLS FIRST, l.next_batch_at, l.id
    LIMIT 1 FOR NO KEY UPDATE OF l SKIP LOCKED
)
-- The commit is not waited for (docs/adr/0013): if it were lost, the lane would be due one delay
-- too early.
UPDATE broadcast_lane l
SET next_batch_at = %(due)s + make_interval(secs => chosen.delay::float), served_at = %(due)s
FROM chosen WHERE l.id = chosen.id
RETURNING l.id, l.next_batch_at, set_config('synchronous_commit', 'off', true)
"""
OVERDUE = f"WITH {ACTIVE_LANES} SELECT count(*) FROM going WHERE is_due"


@dataclass(frozen=True, slots=True)
class LaneTurn:
    """A lane that was taken, and when its next batch may start."""

    lane_id: int
    following: datetime


def take_next_lane(*, now: datetime) -> LaneTurn | None:
    """Take the due lane whose tenant was served longest ago; None if no lane is due.

    A lane without a delay is due again at once: its batches may overlap.
    """
    with connection.cursor() as cursor:
        prepared.execute(cursor, TAKE_NEXT, {"due": now, "delay": settings.BROADCAST_BATCH_DELAY})
        row = cursor.fetchone()
    return LaneTurn(*row[:2]) if row else None


def lanes_overdue(*, before: datetime) -> int:
    """How many lanes have been due since `before`."""
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, {"due": before, "delay": settings.BROADCAST_BATCH_DELAY})
        return int(cursor.fetchone()[0])
