"""Takes a lane for one batch, lets it rest, delays it, and wakes it."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from broadcast.models import Broadcast, Lane
from broadcast.moves.messages import Moved
from broadcast.states import BroadcastStatus
from channels.models import Sender

RESTS_AT_LEAST = timedelta(seconds=1)
"""So messages that fall due one after another are claimed together. After it, the lane also checks
again messages that are due but locked, or that a claim left behind when it was rolled back."""

NEXT_DUE = """
SELECT min(next_attempt_at) FROM broadcast_broadcastmessage
WHERE broadcast_id = %(broadcast)s AND next_attempt_at IS NOT NULL AND status = 'PENDING'
"""
WAKE = """
UPDATE broadcast_lane
SET next_batch_at = greatest(%(at)s, served_at + make_interval(secs => %(delay)s))
WHERE broadcast_id = %(broadcast)s AND (next_batch_at IS NULL OR next_batch_at
      > greatest(%(at)s, served_at + make_interval(secs => %(delay)s)))
"""


def take_lane(*, lane: Lane, sender: Sender, now: datetime) -> datetime | None:
    """Start this lane's next batch; returns when the following one may start, None if not yet due.

    A compare-and-set: of any number of chains and beats, one takes the lane.
    """
    following = now + timedelta(seconds=float(sender.effective_batch_delay))
    taken = Lane.objects.filter(
        Q(broadcast__paused_at=None),
        Q(broadcast__sender__held_until=None) | Q(broadcast__sender__held_until__lte=now),
        pk=lane.pk,
        next_batch_at__lte=now,
        broadcast__status__in=(BroadcastStatus.QUEUED, BroadcastStatus.SENDING),
    ).update(next_batch_at=following, served_at=now)
    return following if taken else None


def rest(*, lane: Lane, moved: Moved, now: datetime) -> datetime | None:
    """Let a lane without due messages sleep until the next one is due; returns that time.

    None if no message is pending: then only `wake_lanes` wakes the lane. No wake-up is lost: the
    caller has locked the counters.
    """
    if moved.pending == 0:
        Lane.objects.filter(pk=lane.pk).update(next_batch_at=None)
        return None
    with connection.cursor() as cursor:
        cursor.execute(NEXT_DUE, {"broadcast": lane.broadcast_id})
        (due,) = cursor.fetchone()
    until: datetime = max(due or now, now + RESTS_AT_LEAST)
    # Some messages are pending, never tried and below the floor: a claim was rolled back. So the
    # next claim starts from the first message.
    floor = {"floor": 0} if due is None else {}
    Lane.objects.filter(pk=lane.pk).update(next_batch_at=until, **floor)
    return until


def delay_lane(*, lane: Lane, at: datetime) -> datetime:
    """Delay this lane's next batch until `at`, which is returned."""
    Lane.objects.filter(pk=lane.pk, next_batch_at__isnull=False).update(next_batch_at=at)
    return at


def wake_lanes(*, broadcast: Broadcast, at: datetime) -> None:
    """Let no lane of this broadcast sleep beyond `at`; every lane keeps its delay between batches.

    Called when messages become due again at `at`.
    """
    delay = broadcast.sender.effective_batch_delay if broadcast.sender else 0
    with connection.cursor() as cursor:
        cursor.execute(WAKE, {"broadcast": broadcast.pk, "at": at, "delay": float(delay)})
