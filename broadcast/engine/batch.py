"""One batch from beginning to end: take the lane, claim, shut the fence, send, settle.

No transaction is open while a provider is called.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

import structlog
from django.conf import settings

from broadcast.content.checking import content_of
from broadcast.content.rendering import Renderer
from broadcast.control.expiring import seconds_left, seconds_until_end
from broadcast.engine.announcing import Announce, Announcement
from broadcast.engine.batch_lane import BatchLane, read_lane
from broadcast.engine.checkpoints import Point, reached, reached_soon
from broadcast.engine.claiming import Claim, claim, shut_fence
from broadcast.engine.settling import holds_for, settle, waits_for
from broadcast.engine.sweeping import sweep
from broadcast.lanes.closed_zones import CHECK_AGAIN_AFTER, closed_zones
from broadcast.lanes.lanes import delay_lane, take_lane
from broadcast.lanes.turns import take_next_lane
from broadcast.models import Batch, Broadcast
from broadcast.moves.finishing import finish
from broadcast.states import BroadcastStatus
from channels.delivery.delivery import Delivery, deliver
from channels.port.messages import OutboundMessage
from postgres.one_by_one import one_by_one

Clock = Callable[[], datetime]

FIRST_CUT = 2.0
"""Seconds after which the answers that have come are settled; the others in a second cut."""
MID_REQUESTS = 0.03
"""Seconds after the first request at which a chaos run finds a batch amid its requests."""
SWEPT_AT_ONCE = 200
"""Batches per run of the sweep; the next run comes some seconds later."""

log = structlog.get_logger(__name__)


class BatchRun:
    """A claimed batch: `hand_over`, then `take_answers` until `is_answered`, then `end`."""

    delivery: Delivery
    """Set by `hand_over`."""
    is_late: bool
    """Its first cut was settled, and some answers are still missing."""

    def __init__(
        self, *, lane: BatchLane, claimed: Claim, announcement: Announcement, clock: Clock
    ) -> None:
        self._lane, self._claimed = lane, claimed
        self._announcement, self._clock = announcement, clock
        self._answered = 0
        self._is_broadcast_over = claimed.moved.is_over and not claimed.messages
        self._held_until = datetime.min.replace(tzinfo=UTC)
        self.is_late = False

    @property
    def wants_another(self) -> bool:
        """Whether the lane is due again already."""
        return not self._announcement.is_made and self._announcement.due <= self._clock()

    @property
    def is_answered(self) -> bool:
        return self.delivery.is_over

    def hand_over(self) -> bool:
        """Shut the fence and begin the requests; False if this worker may not send the batch."""
        with self._log_context():
            messages = self._render()
            broadcast = self._lane.broadcast
            # Read before the fence, from the monotonic clock, which keeps running while this
            # process is stopped: the lease counts from here, so that the last request has its
            # whole time-out before the batch can be swept.
            asked_at = monotonic()
            ends_at = asked_at + seconds_until_end(broadcast, now=self._clock())
            lease = shut_fence(batch_id=self._claimed.batch_id)
            if lease is None:
                log.warning("batch_dropped_at_the_fence")
                return False
            reached(Point.AFTER_FENCE)
            self.delivery = deliver(
                account=self._lane.sender.account(),
                messages=messages,
                timeout=settings.PROVIDER_TIMEOUT,
                first_cut=FIRST_CUT,
                starts=self._claimed.starts,
                not_after=min(ends_at, asked_at + lease - settings.PROVIDER_TIMEOUT),
            )
            reached_soon(Point.MID_REQUESTS, seconds=MID_REQUESTS)
        return True

    def _render(self) -> list[OutboundMessage]:
        broadcast = self._lane.broadcast
        renderer = Renderer(
            content_of(broadcast, links=self._lane.positions),
            valid_for=seconds_left(broadcast, now=self._clock()),
        )
        return [
            renderer.message(
                message_id=message.id,
                address=message.address,
                token=message.token,
                variables=message.variables,
            )
            for message in self._claimed.messages
        ]

    def take_answers(self) -> None:
        """Wait for the next answers and settle them."""
        with self._log_context():
            outcomes = self.delivery.take()
            reached(Point.AFTER_ANSWERS)
            self._answered += len(outcomes)
            now = self._clock()
            if outcomes:
                moved = settle(
                    broadcast=self._lane.broadcast,
                    sender=self._lane.sender,
                    batch_id=self._claimed.batch_id,
                    outcomes=outcomes,
                    is_last=self._answered == len(self._claimed.messages),
                    now=now,
                )
                self._is_broadcast_over = moved.is_over
                if seconds := holds_for(outcomes):
                    self._held_until = max(self._held_until, now + timedelta(seconds=seconds))
                elif moved.pending and (wait := waits_for(outcomes)) is not None:
                    self._announcement.make_for_retries(now + timedelta(seconds=wait), now=now)
            if not self.is_answered:
                self.is_late = True
                self._announcement.make()

    def end(self) -> datetime | None:
        """When the lane wants its next batch; None if never, or if that was announced already.

        If the sender is held, the time at which the hold ends: an announced batch would find the
        sender held.
        """
        if self._is_broadcast_over:
            finish(broadcast_id=self._lane.broadcast.pk, now=self._clock())
            return None
        reached(Point.AFTER_SETTLE)
        due = self._next_due()
        if self._held_until <= self._clock():
            return due
        return self._held_until if due is None else max(due, self._held_until)

    def _next_due(self) -> datetime | None:
        if self._claimed.is_idle:
            return delay_lane(lane=self._lane.row, at=self._clock())
        has_more = bool(self._claimed.moved.count) or self._claimed.next_at is not None
        return self._announcement.due if has_more and not self._announcement.is_made else None

    def _log_context(self) -> AbstractContextManager[Any]:
        """Log lines inside it carry the ids of tenant, broadcast and batch."""
        return structlog.contextvars.bound_contextvars(
            tenant=str(self._lane.broadcast.tenant_id),
            broadcast=str(self._lane.broadcast.pk),
            batch=str(self._claimed.batch_id),
        )


def run_batch(*, lane_id: int, clock: Clock, announce: Announce | None = None) -> datetime | None:
    """Run this lane's next batch if it is due; returns what `run_next_batch` returns."""
    lane = read_lane(lane_id) if settings.SENDING_ENABLED else None
    if lane is None:
        return None
    following = take_lane(lane=lane.row, sender=lane.sender, now=clock())
    if following is None:
        return None
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
