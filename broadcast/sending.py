"""One batch from beginning to end: take the lane, claim, shut the fence, send, settle.

No transaction is open while a provider is talked to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

import structlog
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from broadcast.checkpoints import Point, reached
from broadcast.claiming import Claim, claim, shut_fence, take_lane
from broadcast.content import Renderer
from broadcast.finishing import finish
from broadcast.models import Batch, Broadcast, Lane
from broadcast.settling import settle, sweep
from broadcast.states import BroadcastStatus
from channels.delivery import deliver
from tracking.models import TrackedURL

Clock = Callable[[], datetime]
Announce = Callable[[datetime], None]

FIRST_CUT = 2.0
"""Seconds after which the answers that are there are settled; the rest in a second cut."""
SWEPT_AT_ONCE = 200

log = structlog.get_logger(__name__)


def run_batch(*, lane_id: int, clock: Clock, announce: Announce | None = None) -> datetime | None:
    """Run a lane's next batch if it is due; when to come back, None if there is no reason to.

    `announce` is told when the next batch is due as soon as that is known: batches of a lane start
    by their delay or their sender's limit, however long one of them waits for its last answer.
    """
    lane = _lane(lane_id) if settings.SENDING_ENABLED else None
    if lane is None or lane.broadcast.sender is None:
        return None
    broadcast, sender = lane.broadcast, lane.broadcast.sender
    sender.tenant = broadcast.tenant
    following = take_lane(lane=lane, sender=sender, now=clock())
    if following is None:
        return None
    if broadcast.status == BroadcastStatus.QUEUED:
        _start(broadcast, now=clock())
    reached(Point.BEFORE_CLAIM)
    claimed = claim(broadcast=broadcast, lane=lane, sender=sender, now=clock())
    if claimed is None:
        return None
    reached(Point.AFTER_CLAIM)
    turn = _Turn(due=max(following, claimed.next_at or following), announce=announce)
    if claimed.next_at is not None:
        turn.tell()
    if _go(lane=lane, claimed=claimed, turn=turn, clock=clock):
        finish(broadcast_id=broadcast.pk, now=clock())
        return None
    reached(Point.AFTER_SETTLE)
    return turn.due if claimed.moved.count and not turn.is_told else None


@dataclass(slots=True)
class _Turn:
    """When the lane's next batch is due, and whether that was told already."""

    due: datetime
    announce: Announce | None
    is_told: bool = False

    def tell(self) -> None:
        if self.announce is not None and not self.is_told:
            self.announce(self.due)
            self.is_told = True


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
    renderer = Renderer(broadcast=broadcast, template=broadcast.template, positions=positions)
    messages = [
        renderer.message(
            message_id=row.id, address=row.address, token=row.token, variables=row.variables
        )
        for row in claimed.messages
    ]
    # Before the fence: not after the lease, by a clock that goes on while we are stopped.
    not_after = monotonic() + settings.BROADCAST_BATCH_LEASE - settings.PROVIDER_TIMEOUT
    if not shut_fence(batch_id=claimed.batch_id):
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
        not_after=not_after,
    )
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
    for batch in expired:
        moved = sweep(batch=batch, now=now)
        if moved is not None and moved.is_over:
            finish(broadcast_id=batch.broadcast_id, now=now)
    return len(expired)


def lane_ids_overdue(*, before: datetime) -> list[int]:
    """Lanes that no chain runs on any more; tenants in order of their oldest service."""
    return list(
        Lane.objects.filter(
            next_batch_at__lte=before,
            broadcast__status__in=(BroadcastStatus.QUEUED, BroadcastStatus.SENDING),
            broadcast__paused_at=None,
        )
        .order_by("served_at", "next_batch_at")
        .values_list("pk", flat=True)[:500]
    )
