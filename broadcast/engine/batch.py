"""One batch from beginning to end: take the lane, claim, shut the fence, send, settle.

No transaction is open while a provider is called.
"""

from datetime import datetime
from functools import partial

import structlog
from django.conf import settings
from django.db import Error
from redis import RedisError

from broadcast.engine.announcing import Announce, Announcement
from broadcast.engine.batch_lane import BatchLane, read_lane
from broadcast.engine.batch_run import BatchRun, Clock
from broadcast.engine.checkpoints import Point, reached
from broadcast.engine.claiming import claim
from broadcast.engine.locked_rows import (
    LOCK_WAIT,
    has_kept_answers,
    lock_wait_for,
    postpone_lanes,
)
from broadcast.engine.sweeping import sweep
from broadcast.lanes.closed_zones import CHECK_AGAIN_AFTER, closed_zones
from broadcast.lanes.lanes import delay_lane, take_lane
from broadcast.lanes.turns import take_next_lane
from broadcast.models import Batch, Broadcast
from broadcast.moves.finishing import finish
from broadcast.states import BroadcastStatus
from postgres.lock_waits import limit_lock_waits, lock_waits_limited
from postgres.one_by_one import one_by_one
from postgres.passing_errors import is_lock_timeout

SWEPT_AT_ONCE = 200
"""Batches per run of the sweep; the next run comes some seconds later."""

log = structlog.get_logger(__name__)


def run_batch(*, lane_id: int, clock: Clock, announce: Announce | None = None) -> datetime | None:
    """Run this lane's next batch if it is due; returns what `run_next_batch` returns."""
    lane = read_lane(lane_id) if settings.SENDING_ENABLED else None
    if lane is None:
        return None
    following = take_lane(lane=lane.row, sender=lane.sender, now=clock())
    if following is None:
        return None
    with lock_waits_limited(LOCK_WAIT):
        return _to_its_end(_begin(lane, Announcement(following, announce), clock=clock))


def run_next_batch(
    *,
    clock: Clock,
    announce: Announce | None = None,
    lanes: dict[int, BatchLane | None] | None = None,
) -> datetime | None:
    """Run a batch of the lane whose turn it is; returns when that lane wants its next batch.

    None if the lane never wants another one. Calls `announce(due)` as soon as the next due time is
    known, so batches overlap; what was announced is not returned. A lane without due messages
    announces when its next message is due. `lanes` keeps lanes as they were read, for a caller that
    comes back within seconds: every claim reads anew whether the broadcast was halted.
    """
    with lock_waits_limited(LOCK_WAIT):
        return _to_its_end(begin_next_batch(clock=clock, announce=announce, lanes=lanes))


def begin_next_batch(
    *,
    clock: Clock,
    announce: Announce | None = None,
    lanes: dict[int, BatchLane | None] | None = None,
) -> BatchRun | datetime | None:
    """Begin a batch of the lane whose turn it is.

    If nothing was sent, returns what `run_next_batch` returns.
    """
    taken = take_next_lane(now=clock()) if settings.SENDING_ENABLED else None
    if taken is None:
        return None
    lanes = {} if lanes is None else lanes
    lane = lanes[taken.lane_id] = lanes.get(taken.lane_id) or read_lane(taken.lane_id)
    if lane is None:
        return None
    return _begin(lane, Announcement(taken.following, announce), clock=clock)


def _to_its_end(begun: BatchRun | datetime | None) -> datetime | None:
    if not isinstance(begun, BatchRun):
        return begun
    while not begun.is_answered:
        begun.take_answers()
    return begun.end()


def _begin(
    lane: BatchLane, announcement: Announcement, *, clock: Clock
) -> BatchRun | datetime | None:
    """If rows that the batch needs are locked, the lanes of the broadcast rest."""
    if has_kept_answers(lane.broadcast):
        return postpone_lanes(lane.broadcast, now=clock())
    limit_lock_waits(lock_wait_for(lane.broadcast))
    try:
        return _claim_and_hand_over(lane, announcement, clock=clock)
    except (Error, RedisError) as error:
        # Without its rate limiter, a paced sender waits; see channels/pacing.
        if not isinstance(error, RedisError) and not is_lock_timeout(error):
            raise
        kind = type(error.__cause__ or error).__name__
        log.info("batch_not_begun", broadcast=str(lane.broadcast.pk), error_type=kind)
        return postpone_lanes(lane.broadcast, now=clock())


def _claim_and_hand_over(
    lane: BatchLane, announcement: Announcement, *, clock: Clock
) -> BatchRun | datetime | None:
    broadcast, sender = lane.broadcast, lane.sender
    # The claim's time too: the older this check of the windows, the sooner the lease ends.
    now = clock()
    closed = closed_zones(broadcast=broadcast, sender=sender, now=now)
    if closed.everywhere is not None:
        return delay_lane(lane=lane.row, at=min(closed.everywhere, now + CHECK_AGAIN_AFTER))
    if broadcast.status == BroadcastStatus.QUEUED:
        _start(broadcast, now=clock())
        broadcast.status = BroadcastStatus.SENDING
    reached(Point.BEFORE_CLAIM)
    claimed = claim(broadcast=broadcast, lane=lane.row, sender=sender, now=now, closed=closed)
    if claimed is None:
        return None
    reached(Point.AFTER_CLAIM)
    if claimed.next_at is not None:
        # A lane that rests has sent nothing, so its delay between batches does not count.
        is_resting = not claimed.moved.count
        announcement.due = claimed.next_at if is_resting else max(announcement.due, claimed.next_at)
        announcement.make()
    run = BatchRun(lane=lane, claimed=claimed, announcement=announcement, clock=clock)
    return run if claimed.messages and run.hand_over() else run.end()


def _start(broadcast: Broadcast, *, now: datetime) -> None:
    Broadcast.objects.filter(pk=broadcast.pk, status=BroadcastStatus.QUEUED).update(
        status=BroadcastStatus.SENDING, started_at=now
    )


def sweep_batches(*, now: datetime) -> int:
    """Sweep batches whose lease has expired, the oldest first; returns how many."""
    expired = Batch.objects.filter(settled_at=None, swept_at=None, lease_expires_at__lte=now)
    oldest = expired.order_by("lease_expires_at")[:SWEPT_AT_ONCE]
    return one_by_one(
        oldest.select_related("broadcast__tenant", "broadcast__sender"), partial(_sweep, now=now)
    )


def _sweep(batch: Batch, *, now: datetime) -> int:
    moved = sweep(batch=batch, now=now)
    if moved is not None and moved.is_over:
        finish(broadcast_id=batch.broadcast_id, now=now)
    return 1
