"""One batch from beginning to end: take the lane, claim, shut the fence, send, settle.

No transaction is open while a provider is talked to.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from broadcast.claiming import Claim, claim, shut_fence, take_lane
from broadcast.content import Renderer
from broadcast.finishing import finish
from broadcast.models import Batch, Broadcast, Lane
from broadcast.settling import settle, sweep
from broadcast.states import BroadcastStatus
from channels.adapter import OutboundMessage
from channels.delivery import deliver
from channels.models import Sender
from tracking.models import TrackedURL

Clock = Callable[[], datetime]

FIRST_CUT = 2.0
"""Seconds after which the answers that are there are settled; the rest in a second cut."""
SWEPT_AT_ONCE = 200

log = structlog.get_logger(__name__)


def run_batch(*, lane_id: int, clock: Clock) -> datetime | None:
    """Run a lane's next batch if it is due; when to come back, None if there is no reason to."""
    if not settings.SENDING_ENABLED:
        return None
    lane = _lane(lane_id)
    if lane is None or lane.broadcast.sender is None:
        return None
    broadcast, sender = lane.broadcast, lane.broadcast.sender
    following = take_lane(lane=lane, sender=sender, now=clock())
    if following is None:
        return None
    if broadcast.status == BroadcastStatus.QUEUED:
        _start(broadcast, now=clock())
    claimed = claim(broadcast=broadcast, lane=lane, sender=sender, now=clock())
    if claimed is None:
        return None
    with structlog.contextvars.bound_contextvars(
        tenant=str(broadcast.tenant_id),
        broadcast=str(broadcast.pk),
        batch=str(claimed.batch_id),
    ):
        is_over = claimed.moved.is_over
        if claimed.messages:
            is_over = _send(
                broadcast=broadcast,
                sender=sender,
                claimed=claimed,
                positions={url: position for position, url in enumerate(lane.links)},
                clock=clock,
            )
    if is_over:
        finish(broadcast_id=broadcast.pk, now=clock())
        return None
    return following if claimed.moved.count else None


def _lane(lane_id: int) -> Any:
    """The lane with all that its batches need, and `links`: its tracked URLs by position."""
    links = TrackedURL.objects.filter(broadcast=OuterRef("broadcast")).order_by("position")
    return (
        Lane.objects.select_related(
            "broadcast__tenant", "broadcast__sender__app", "broadcast__template"
        )
        .annotate(links=ArraySubquery(links.values("url")))
        .filter(pk=lane_id)
        .first()
    )


def _start(broadcast: Broadcast, *, now: datetime) -> None:
    Broadcast.objects.filter(pk=broadcast.pk, status=BroadcastStatus.QUEUED).update(
        status=BroadcastStatus.SENDING, started_at=now
    )


def _send(
    *,
    broadcast: Broadcast,
    sender: Sender,
    claimed: Claim,
    positions: Mapping[str, int],
    clock: Clock,
) -> bool:
    """True if the broadcast has nothing left to do."""
    renderer = Renderer(broadcast=broadcast, template=broadcast.template, positions=positions)
    messages = [_outbound(renderer, claimed, index) for index in range(len(claimed.messages))]
    if not shut_fence(batch_id=claimed.batch_id):
        log.warning("batch_dropped_at_the_fence")
        return False
    is_over, answered = False, 0
    cuts = deliver(
        account=sender.account(),
        messages=messages,
        timeout=settings.PROVIDER_TIMEOUT,
        first_cut=FIRST_CUT,
    )
    for outcomes in cuts:
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
    return is_over


def _outbound(renderer: Renderer, claimed: Claim, index: int) -> OutboundMessage:
    row = claimed.messages[index]
    return renderer.message(
        message_id=row.id, address=row.address, token=row.token, variables=row.variables
    )


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
