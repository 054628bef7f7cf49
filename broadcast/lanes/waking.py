"""What was put off by a sender's limits or windows, once somebody has changed them.

A row says until when it waits, and by what the sender was then: a limit that is raised, or a window
that is widened, must not wait for the morning that the old one named.
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
"""How long after a change a worker may still claim by what it read of the sender before."""
LOOKED_AT = timedelta(seconds=60)
"""How long lanes that do not sleep are looked at: of the next looks one at least must happen, also
where a frozen process keeps the counters locked for 30 s."""

# A lane that sleeps since before the change is found however long beat was away. The time of every
# write to the sender counts, also of one that changed something else: what is woken for nothing is
# put off again.
CHANGED = """
SELECT b.id, coalesce(
    bool_or(l.next_batch_at > %(now)s AND l.served_at < s.updated_at + %(still_old)s), false)
FROM broadcast_lane l
JOIN broadcast_broadcast b ON b.id = l.broadcast_id
JOIN channels_sender s ON s.id = b.sender_id
WHERE b.status IN ('QUEUED', 'SENDING') AND s.updated_at <= %(now)s - %(still_old)s
GROUP BY b.id
HAVING bool_or(l.next_batch_at > %(now)s AND l.served_at < s.updated_at + %(still_old)s)
    OR max(s.updated_at) > %(now)s - %(still_old)s - %(looked_at)s
ORDER BY b.id
"""

# Those alone that a limit or a window put off: they are of no batch. What waits after a failure has
# its batch still, and its time is not the sender's.
DUE_NOW = """
UPDATE broadcast_broadcastmessage m SET next_attempt_at = %(now)s, status_at = %(now)s
FROM broadcast_broadcast b JOIN channels_sender s ON s.id = b.sender_id
WHERE b.id = %(broadcast)s AND m.broadcast_id = b.id AND m.status = 'PENDING'
  AND m.next_attempt_at > %(now)s AND m.batch_id IS NULL
  AND m.status_at < s.updated_at + %(still_old)s
"""


def wake_what_waits(*, now: datetime) -> int:
    """Make due what the old limits of changed senders put off; of how many broadcasts.

    Safe to repeat: what is put off again after the change stays so.
    """
    times: dict[str, Any] = {"now": now, "still_old": STILL_OLD, "looked_at": LOOKED_AT}
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, times)
        changed = cursor.fetchall()
    return one_by_one(changed, lambda each: _wake(each[0], sleeps=each[1], times=times))


def _wake(broadcast_id: UUID, *, sleeps: bool, times: dict[str, Any]) -> bool:
    broadcast = Broadcast.objects.select_related("sender").get(pk=broadcast_id)
    with transaction.atomic(), connection.cursor() as cursor:
        lock_counters(broadcast_id)
        cursor.execute(DUE_NOW, {**times, "broadcast": broadcast_id})
        is_woken = bool(cursor.rowcount) or sleeps
        if is_woken:
            wake_lanes(broadcast=broadcast, at=times["now"])
            serve_soon(lanes=1)
    return is_woken
