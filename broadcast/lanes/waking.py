"""Wakes messages that were deferred by a limit or window which has since been changed.

A deferred message waits until a time that the sender's limits and windows gave when it was claimed.
If a limit is raised or a window is widened, the message must not wait for that old time.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from broadcast.lanes.hints import serve_soon
from broadcast.lanes.lanes import wake_lanes
from broadcast.models import Broadcast
from broadcast.moves.messages import lock_counters
from postgres.one_by_one import one_by_one

STILL_OLD = timedelta(seconds=3)
"""How long after a change a worker may still claim by the sender's old limits."""
WATCHED_FOR = timedelta(seconds=60)
"""For 60 s after a change, awake lanes are checked too: at least one check succeeds even if a
frozen process holds the counters' lock for 30 s."""

CHANGED = """
-- A lane that has been asleep since before the change is found however long beat was away. Every
-- write to the sender counts, also one that changed something else: a message that is woken for
-- nothing is deferred again.
SELECT b.id, coalesce(
    bool_or(l.next_batch_at > %(now)s AND l.served_at < s.updated_at + %(still_old)s), false)
FROM broadcast_lane l
JOIN broadcast_broadcast b ON b.id = l.broadcast_id
JOIN channels_sender s ON s.id = b.sender_id
WHERE b.status IN ('QUEUED', 'SENDING') AND s.updated_at <= %(now)s - %(still_old)s
GROUP BY b.id
HAVING bool_or(l.next_batch_at > %(now)s AND l.served_at < s.updated_at + %(still_old)s)
    OR max(s.updated_at) > %(now)s - %(still_old)s - %(watched_for)s
ORDER BY b.id
"""

DUE_NOW = """
-- Only messages deferred by a limit or window (batch_id is null); failed ones keep their own retry
-- time.
UPDATE broadcast_broadcastmessage m SET next_attempt_at = %(now)s, status_at = %(now)s
FROM broadcast_broadcast b JOIN channels_sender s ON s.id = b.sender_id
WHERE b.id = %(broadcast)s AND m.broadcast_id = b.id AND m.status = 'PENDING'
  AND m.next_attempt_at > %(now)s AND m.batch_id IS NULL
  AND m.status_at < s.updated_at + %(still_old)s
"""


def wake_deferred(*, now: datetime) -> int:
    """Make messages due that the old limits of changed senders deferred.

    Returns the number of broadcasts. Safe to repeat: messages deferred after the change stay so.
    """
    times: dict[str, Any] = {"now": now, "still_old": STILL_OLD, "watched_for": WATCHED_FOR}
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, times)
        changed = cursor.fetchall()
    return one_by_one(changed, lambda row: _wake(row[0], is_asleep=row[1], times=times))


def _wake(broadcast_id: UUID, *, is_asleep: bool, times: dict[str, Any]) -> bool:
    broadcast = Broadcast.objects.select_related("sender").get(pk=broadcast_id)
    with transaction.atomic(), connection.cursor() as cursor:
        lock_counters(broadcast_id)
        cursor.execute(DUE_NOW, {**times, "broadcast": broadcast_id})
        is_woken = bool(cursor.rowcount) or is_asleep
        if is_woken:
            wake_lanes(broadcast=broadcast, at=times["now"])
            serve_soon(lanes=1)
    return is_woken
