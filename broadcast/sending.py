"""One batch from beginning to end: take the lane, claim, shut the fence, send, settle.

No transaction is open while a provider is talked to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any

import structlog
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from broadcast.checkpoints import Point, reached, reached_soon
from broadcast.claiming import Claim, claim, come_back, shut_fence, take_lane
from broadcast.closed_zones import LOOK_AGAIN, closed_zones
from broadcast.content import Renderer
from broadcast.expiring import seconds_left, seconds_until_end
from broadcast.finishing import finish
from broadcast.models import Batch, Broadcast, Lane
from broadcast.one_by_one import one_by_one
from broadcast.serving import take_next_lane
from broadcast.settling import settle, sweep
from broadcast.states import BroadcastStatus
from channels.delivery import deliver
from tracking.models import TrackedURL

Clock = Callable[[], datetime]
Announce = Callable[[datetime], None]

FIRST_CUT = 2.0
"""Seconds after which the answers that are there are settled; the rest in a second cut."""
MID_REQUESTS = 0.03
"""Seconds after the first request at which a chaos run finds a batch amid its requests."""
SWEPT_AT_ONCE = 200

log = structlog.get_logger(__name__)


def run_batch(*, lane_id: int, clock: Clock, announce: Announce | None = None) -> datetime | None:
    """Run this lane's next batch if it is due; as `run_next_batch`."""
    lane = _lane(lane_id) if settings.SENDING_ENABLED else None
    if lane is None or lane.broadcast.sender is None:
        return None
    following = take_lane(lane=lane, sender=lane.broadcast.sender, now=clock())
    if following is None:
        return None
    return _run(lane, turn=_Turn(following, announce), clock=clock)


def run_next_batch(
    *, clock: Clock, announce: Announce | None = None, known: dict[int, Any] | None = None
) -> datetime | None:
    """Run a batch of the lane whose turn it is; when that lane wants its next one, None if never.

    `announce` is told when that is as soon as it is known: batches of a lane start by their delay
    or their sender's limit, however long one of them waits for its last answer. What was announced
    is not returned. `known` keeps lanes as they were read, for a caller who comes back within
    seconds: what halts a broadcast is read anew by every claim.
    """
    taken = take_next_lane(now=clock()) if settings.SENDING_ENABLED else None
    if taken is None:
        return None
    lanes = {} if known is None else known
    lane = lanes[taken.lane_id] = lanes.get(taken.lane_id) or _lane(taken.lane_id)
    if lane is None:
        return None
    return _run(lane, turn=_Turn(taken.following, announce), clock=clock)


def _run(lane: Any, *, turn: "_Turn", clock: Clock) -> datetime | None:
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
        turn.due = max(turn.due, claimed.next_at)
        turn.tell()
    if _go(lane=lane, claimed=claimed, turn=turn, clock=clock):
        finish(broadcast_id=broadcast.pk, now=clock())
        return None
    reached(Point.AFTER_SETTLE)
    if claimed.is_idle:
        return come_back(lane=lane, at=clock())
    return turn.due if claimed.moved.count and not turn.is_told else None


@dataclass(slots=True)
class _Turn:
    """When the lane's next batch is due, and whether that was told already."""

    due: datetime
    announce: Announce | None
    is_told: bool = False

    def tell(self) -> None:
        if self.announce is None or self.is_told:
            return
        self.is_told = True
        try:
            self.announce(self.due)
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


def _go(*, lane: Any, claimed: Claim, turn: _Turn, clock: Clock) -> bool:
    """True if the broadcast has nothing left to do."""
    if not claimed.messages:
        return claimed.moved.is_over
    with structlog.contextvars.bound_contextvars(
        tenant=str(lane.broadcast.tenant_id),
        broadcast=str(lane.broadcast_id),
        batch=str(claimed.batch_id),
    ):
        return _send(lane=lane, claimed=claimed, turn=turn, clock=clock)


def _send(*, lane: Any, claimed: Claim, turn: _Turn, clock: Clock) -> bool:
    broadcast, sender = lane.broadcast, lane.broadcast.sender
    positions = {url: position for position, url in enumerate(lane.links)}
    renderer = Renderer(
        broadcast=broadcast,
        template=broadcast.template,
        positions=positions,
        valid_for=seconds_left(broadcast, now=clock()),
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
        return False
    reached(Point.AFTER_FENCE)
    is_over, answered = False, 0
    cuts = deliver(
        account=sender.account(),
        messages=messages,
        timeout=settings.PROVIDER_TIMEOUT,
        first_cut=FIRST_CUT,
        starts=claimed.starts,
        not_after=min(ends_at, asked_at + left - settings.PROVIDER_TIMEOUT),
    )
    reached_soon(Point.MID_REQUESTS, seconds=MID_REQUESTS)
    for outcomes in cuts:
        reached(Point.AFTER_ANSWERS)
        answered += len(outcomes)
        moved = settle(
            broadcast=broadcast,
            sender=sender,
            batch_id=claimed.batch_id,
            outcomes=outcomes,
            is_last=answered == len(messages),
            now=clock(),
        )
        is_over = moved.is_over
        if answered < len(messages):
            turn.tell()
    return is_over


def sweep_batches(*, now: datetime) -> int:
    """Take back every batch whose lease has expired; how many."""
    expired = list(
        Batch.objects.select_related("broadcast__tenant", "broadcast__sender").filter(
            settled_at=None, swept_at=None, lease_expires_at__lte=now
        )[:SWEPT_AT_ONCE]
    )
    return one_by_one(expired, partial(_sweep, now=now))


def _sweep(batch: Batch, *, now: datetime) -> int:
    moved = sweep(batch=batch, now=now)
    if moved is not None and moved.is_over:
        finish(broadcast_id=batch.broadcast_id, now=now)
    return 1
