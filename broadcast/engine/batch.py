"""One batch from beginning to end: take the lane, claim, shut the fence, send, settle.

No transaction is open while a provider is talked to.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

import structlog
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from broadcast.content.checking import content_of
from broadcast.content.rendering import Renderer
from broadcast.control.expiring import seconds_left, seconds_until_end
from broadcast.engine.checkpoints import Point, reached, reached_soon
from broadcast.engine.claiming import Claim, claim, shut_fence
from broadcast.engine.settling import holds_for, settle, waits_for
from broadcast.engine.sweeping import sweep
from broadcast.lanes.closed_zones import LOOK_AGAIN, closed_zones
from broadcast.lanes.lanes import come_back, take_lane
from broadcast.lanes.turns import take_next_lane
from broadcast.models import Batch, Broadcast, Lane
from broadcast.moves.finishing import finish
from broadcast.states import BroadcastStatus
from channels.delivery.delivery import Delivery, deliver
from postgres.one_by_one import one_by_one
from tracking.models import TrackedURL

Clock = Callable[[], datetime]
Announce = Callable[[datetime], None]

FIRST_CUT = 2.0
"""Seconds after which the answers that are there are settled; the rest in a second cut."""
MID_REQUESTS = 0.03
"""Seconds after the first request at which a chaos run finds a batch amid its requests."""
SWEPT_AT_ONCE = 200

log = structlog.get_logger(__name__)


class UnderWay:
    """A batch whose requests have begun; `settle` until `is_answered`, then `end`."""

    def __init__(
        self, *, lane: Any, claimed: Claim, turn: "_Announcement", clock: Clock, delivery: Delivery
    ) -> None:
        self._lane, self._claimed, self._turn, self._clock = lane, claimed, turn, clock
        self.delivery = delivery
        self._answered = 0
        self._has_nothing_left = False
        self._held_until = datetime.min.replace(tzinfo=UTC)
        self.is_late = False
        """Its first cut was settled and some answers are still missing."""

    @property
    def wants_another(self) -> bool:
        """Whether its lane is due again already."""
        return not self._turn.is_told and self._turn.due <= self._clock()

    @property
    def is_answered(self) -> bool:
        return self.delivery.is_over

    def settle(self) -> None:
        """Wait for the next answers and write down what they say."""
        with _bound(self._lane, self._claimed):
            outcomes = self.delivery.take()
            reached(Point.AFTER_ANSWERS)
            self._answered += len(outcomes)
            now = self._clock()
            if outcomes:
                moved = settle(
                    broadcast=self._lane.broadcast,
                    sender=self._lane.broadcast.sender,
                    batch_id=self._claimed.batch_id,
                    outcomes=outcomes,
                    is_last=self._answered == len(self._claimed.messages),
                    now=now,
                )
                self._has_nothing_left = moved.is_over
                if held := holds_for(outcomes):
                    self._held_until = max(self._held_until, now + timedelta(seconds=held))
                elif moved.pending and (wait := waits_for(outcomes)) is not None:
                    self._turn.tell_again(now + timedelta(seconds=wait), now=now)
            if not self.is_answered:
                self.is_late = True
                self._turn.tell()

    def end(self) -> datetime | None:
        """After the last answer: when the lane wants its next batch, as `run_next_batch`.

        Where the sender is held, for when that is over: what was announced before finds it held.
        """
        due = _end(
            self._lane,
            claimed=self._claimed,
            turn=self._turn,
            clock=self._clock,
            is_over=self._has_nothing_left,
        )
        if self._has_nothing_left or self._held_until <= self._clock():
            return due
        return self._held_until if due is None else max(due, self._held_until)


def run_batch(*, lane_id: int, clock: Clock, announce: Announce | None = None) -> datetime | None:
    """Run this lane's next batch if it is due; as `run_next_batch`."""
    lane = _lane(lane_id) if settings.SENDING_ENABLED else None
    if lane is None or lane.broadcast.sender is None:
        return None
    following = take_lane(lane=lane, sender=lane.broadcast.sender, now=clock())
    if following is None:
        return None
    return _to_its_end(_begin(lane, turn=_Announcement(following, announce), clock=clock))


def run_next_batch(
    *, clock: Clock, announce: Announce | None = None, known: dict[int, Any] | None = None
) -> datetime | None:
    """Run a batch of the lane whose turn it is; when that lane wants its next one, None if never.

    `announce` is told when that is as soon as it is known: batches of a lane start by their delay
    or their sender's limit, however long one of them waits for its last answer, and a lane in which
    nothing is due says when something is. What was announced is not returned. `known` keeps lanes
    as they were read, for a caller who comes back within seconds: what halts a broadcast is read
    anew by every claim.
    """
    return _to_its_end(begin_next_batch(clock=clock, announce=announce, known=known))


def begin_next_batch(
    *, clock: Clock, announce: Announce | None = None, known: dict[int, Any] | None = None
) -> UnderWay | datetime | None:
    """Begin a batch of the lane whose turn it is; where nothing was sent, as `run_next_batch`."""
    taken = take_next_lane(now=clock()) if settings.SENDING_ENABLED else None
    if taken is None:
        return None
    lanes = {} if known is None else known
    lane = lanes[taken.lane_id] = lanes.get(taken.lane_id) or _lane(taken.lane_id)
    if lane is None:
        return None
    return _begin(lane, turn=_Announcement(taken.following, announce), clock=clock)


def _to_its_end(begun: UnderWay | datetime | None) -> datetime | None:
    if not isinstance(begun, UnderWay):
        return begun
    while not begun.is_answered:
        begun.settle()
    return begun.end()


def _begin(lane: Any, *, turn: "_Announcement", clock: Clock) -> UnderWay | datetime | None:
    broadcast, sender = lane.broadcast, lane.broadcast.sender
    sender.tenant = broadcast.tenant
    # The claim's too: the older the look at the windows is, the sooner its lease is over.
    now = clock()
    closed = closed_zones(broadcast=broadcast, sender=sender, now=now)
    if closed.everywhere is not None:
        return come_back(lane=lane, at=min(closed.everywhere, now + LOOK_AGAIN))
    if broadcast.status == BroadcastStatus.QUEUED:
        _start(broadcast, now=clock())
        broadcast.status = BroadcastStatus.SENDING
    reached(Point.BEFORE_CLAIM)
    claimed = claim(broadcast=broadcast, lane=lane, sender=sender, now=now, closed=closed)
    if claimed is None:
        return None
    reached(Point.AFTER_CLAIM)
    if claimed.next_at is not None:
        # A lane that rests does so until then, its delay notwithstanding: it has sent nothing.
        turn.due = max(turn.due, claimed.next_at) if claimed.moved.count else claimed.next_at
        turn.tell()
    if claimed.messages:
        with _bound(lane, claimed):
            delivery = _hand_over(lane, claimed=claimed, clock=clock)
        if delivery is not None:
            return UnderWay(lane=lane, claimed=claimed, turn=turn, clock=clock, delivery=delivery)
    is_over = claimed.moved.is_over and not claimed.messages
    return _end(lane, claimed=claimed, turn=turn, clock=clock, is_over=is_over)


def _end(
    lane: Any, *, claimed: Claim, turn: "_Announcement", clock: Clock, is_over: bool
) -> datetime | None:
    if is_over:
        finish(broadcast_id=lane.broadcast_id, now=clock())
        return None
    reached(Point.AFTER_SETTLE)
    if claimed.is_idle:
        return come_back(lane=lane, at=clock())
    is_going_on = bool(claimed.moved.count) or claimed.next_at is not None
    return turn.due if is_going_on and not turn.is_told else None


@dataclass(slots=True)
class _Announcement:
    """When the lane's next batch is due, and whether that was told already."""

    due: datetime
    announce: Announce | None
    is_told: bool = False

    def tell(self) -> None:
        if self.announce is not None and not self.is_told:
            self.is_told = True
            self._tell(self.announce, self.due)

    def tell_again(self, at: datetime, *, now: datetime) -> None:
        """Some are to be sent again from `at` on.

        Until the turn's own time the lane is not looked at and so not asleep. After it another
        claim may have found nothing left, and nobody else would tell.
        """
        if self.announce is not None and self.due <= now and (self.is_told or at > now):
            self._tell(self.announce, at)

    def _tell(self, announce: Announce, due: datetime) -> None:
        try:
            announce(due)
        except Exception as error:  # noqa: BLE001 - a hint: beat makes up for it, not for answers
            log.warning("next_batch_not_announced", error_type=type(error).__name__)


def _lane(lane_id: int) -> Any:
    """The lane with all that its batches need, and `links`: its tracked URLs by position."""
    links = TrackedURL.objects.filter(broadcast=OuterRef("broadcast")).order_by("position")
    return (
        Lane.objects.select_related(
            "broadcast__tenant",
            "broadcast__sender__app",
            "broadcast__template",
        )
        .annotate(links=ArraySubquery(links.values("url")))
        .filter(pk=lane_id)
        .first()
    )


def _start(broadcast: Broadcast, *, now: datetime) -> None:
    Broadcast.objects.filter(pk=broadcast.pk, status=BroadcastStatus.QUEUED).update(
        status=BroadcastStatus.SENDING, started_at=now
    )


def _bound(lane: Any, claimed: Claim) -> AbstractContextManager[Any]:
    """What is logged inside carries the batch's name."""
    return structlog.contextvars.bound_contextvars(
        tenant=str(lane.broadcast.tenant_id),
        broadcast=str(lane.broadcast_id),
        batch=str(claimed.batch_id),
    )


def _hand_over(lane: Any, *, claimed: Claim, clock: Clock) -> Delivery | None:
    """None where the batch is no longer ours to send."""
    broadcast, sender = lane.broadcast, lane.broadcast.sender
    links = {url: position for position, url in enumerate(lane.links)}
    renderer = Renderer(
        content_of(broadcast, links=links), valid_for=seconds_left(broadcast, now=clock())
    )
    messages = [
        renderer.message(
            message_id=row.id, address=row.address, token=row.token, variables=row.variables
        )
        for row in claimed.messages
    ]
    # Read before the fence, by a clock that goes on while we are stopped: what is left of the lease
    # counts from here, so that the last request has its whole time before the batch can be swept.
    asked_at = monotonic()
    ends_at = asked_at + seconds_until_end(broadcast, now=clock())
    left = shut_fence(batch_id=claimed.batch_id)
    if left is None:
        log.warning("batch_dropped_at_the_fence")
        return None
    reached(Point.AFTER_FENCE)
    delivery = deliver(
        account=sender.account(),
        messages=messages,
        timeout=settings.PROVIDER_TIMEOUT,
        first_cut=FIRST_CUT,
        starts=claimed.starts,
        not_after=min(ends_at, asked_at + left - settings.PROVIDER_TIMEOUT),
    )
    reached_soon(Point.MID_REQUESTS, seconds=MID_REQUESTS)
    return delivery


def sweep_batches(*, now: datetime) -> int:
    """Take back batches whose lease has expired, the oldest first; how many."""
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
