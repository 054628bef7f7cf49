"""A lane is taken for one batch, rests, comes back and is woken."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from broadcast.models import Broadcast, Lane
from broadcast.moves.messages import Moved
from broadcast.states import BroadcastStatus
from channels.models import Sender

RESTS_AT_LEAST = timedelta(seconds=1)
"""What falls due one after another is claimed together; and what is due but locked, or was left
behind by a claim that was rolled back, is looked at again after it."""


def take_lane(*, lane: Lane, sender: Sender, now: datetime) -> datetime | None:
    """Start this lane's next batch: when the one after it may start, or None if it is not yet due.

    A compare-and-set: of any number of chains and beats, one gets it.
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


def _rest(*, lane: Lane, moved: Moved, now: datetime) -> datetime | None:
    """Nothing was due: sleep until something is; until when, None if somebody has to wake it.

    No wake-up is lost: the counters are locked.
    """
    if moved.pending == 0:
        Lane.objects.filter(pk=lane.pk).update(next_batch_at=None)
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(next_attempt_at) FROM broadcast_broadcastmessage "
            "WHERE broadcast_id = %s AND next_attempt_at IS NOT NULL AND status = 'PENDING'",
            [lane.broadcast_id],
        )
        (due,) = cursor.fetchone()
    until: datetime = max(due or now, now + RESTS_AT_LEAST)
    # Pending, never tried and below the floor: a claim was rolled back. Look from the start.
    floor = {"floor": 0} if due is None else {}
    Lane.objects.filter(pk=lane.pk).update(next_batch_at=until, **floor)
    return until


def come_back(*, lane: Lane, at: datetime) -> datetime:
    """This lane has nothing to do before `at`, which is returned."""
    Lane.objects.filter(pk=lane.pk, next_batch_at__isnull=False).update(next_batch_at=at)
    return at


def wake_lanes(*, broadcast: Broadcast, at: datetime) -> None:
    """Messages of this broadcast are due again at `at`: no lane sleeps beyond it, none hurries."""
    delay = broadcast.sender.effective_batch_delay if broadcast.sender else 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE broadcast_lane
            SET next_batch_at = greatest(%(at)s, served_at + make_interval(secs => %(delay)s))
            WHERE broadcast_id = %(broadcast)s AND (next_batch_at IS NULL OR next_batch_at
                  > greatest(%(at)s, served_at + make_interval(secs => %(delay)s)))
            """,
            {"broadcast": broadcast.pk, "at": at, "delay": float(delay)},
        )
