"""Which lane is served next: tenants in order of their oldest service.

A task in the queue says that there is something to do, not for whom: the queue is first come, first
served, and a tenant with a thousand broadcasts would stand in it a thousand times.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from postgres import prepared

# All lanes that have something to do count for their tenant's last service; of held senders and of
# those that sleep none is due.
GOING = """
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

# Of any number of workers each gets another lane, and it is looked at again once it is locked. Its
# commit is not waited for (docs/adr/0044): were it lost, the lane would be due a delay too early.
TAKE_NEXT = f"""
WITH {GOING}, chosen AS (
    SELECT l.id, going.delay FROM broadcast_lane l JOIN going ON going.id = l.id
    WHERE going.is_due AND l.next_batch_at <= %(due)s
    ORDER BY going.tenant_served_at NULLS FIRST, l.served_at NULLS FIRST, l.next_batch_at, l.id
    LIMIT 1 FOR NO KEY UPDATE OF l SKIP LOCKED
)
UPDATE broadcast_lane l
SET next_batch_at = %(due)s + make_interval(secs => chosen.delay::float), served_at = %(due)s
FROM chosen WHERE l.id = chosen.id
RETURNING l.id, l.next_batch_at, set_config('synchronous_commit', 'off', true)
"""
OVERDUE = f"WITH {GOING} SELECT count(*) FROM going WHERE is_due"


@dataclass(frozen=True, slots=True)
class LaneTurn:
    """A lane that was taken, and when its next batch may start."""

    lane_id: int
    following: datetime


def take_next_lane(*, now: datetime) -> LaneTurn | None:
    """Start the next batch of the lane that waits most rightly; None if no lane is due.

    A lane without a delay is due again at once: its batches may overlap.
    """
    with connection.cursor() as cursor:
        known = {"due": now, "delay": settings.BROADCAST_BATCH_DELAY}
        prepared.execute(cursor, TAKE_NEXT, known)
        row = cursor.fetchone()
    return LaneTurn(*row[:2]) if row else None


def lanes_overdue(*, before: datetime) -> int:
    """How many lanes have been due since then."""
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, {"due": before, "delay": settings.BROADCAST_BATCH_DELAY})
        return int(cursor.fetchone()[0])
