"""Pausing a broadcast, by a user or automatically, and resuming it."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from broadcast.control.launching import queue
from broadcast.control.preconditions import require_working
from broadcast.errors import IllegalMove
from broadcast.lanes.hints import serve_soon
from broadcast.lanes.lanes import wake_lanes
from broadcast.models import Broadcast, Lane
from broadcast.models.lengths import MAX_PAUSE_REASON
from broadcast.moves.broadcasts import fresh, lift_pause, locked, save
from broadcast.states import BroadcastStatus
from postgres.one_by_one import one_by_one
from tenants.models import Tenant

PAUSABLE = frozenset({BroadcastStatus.SCHEDULED, BroadcastStatus.QUEUED, BroadcastStatus.SENDING})
BY_USER = "Paused by a user."


def pause(*, tenant: Tenant, broadcast_id: UUID, now: datetime, reason: str = "") -> Broadcast:
    """Pause a SCHEDULED or ongoing broadcast; at most the batches in hand are still sent.

    The claim of a batch shares this lock, so no batch is claimed after the pause is committed. A
    second pause keeps the first reason. Raises IllegalMove.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        if broadcast.status not in PAUSABLE:
            raise IllegalMove(
                f"A broadcast that is {broadcast.status} cannot be paused.",
                data={"status": broadcast.status},
            )
        if broadcast.paused_at is None:
            halt(broadcast, reason=reason or BY_USER, now=now)
    return fresh(broadcast)


def resume(*, tenant: Tenant, broadcast_id: UUID, now: datetime) -> Broadcast:
    """Resume a paused broadcast; if it is SCHEDULED and its time has passed, it starts now.

    If the broadcast is not paused, nothing changes. Raises IllegalMove, SenderBroken.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        if broadcast.status not in PAUSABLE:
            raise IllegalMove(
                f"A broadcast that is {broadcast.status} cannot be resumed.",
                data={"status": broadcast.status},
            )
        if broadcast.paused_at is not None:
            require_working(broadcast)
            _continue(broadcast, now=now)
    return fresh(broadcast)


def pause_all(*, broadcast_ids: Iterable[UUID], reason: str, now: datetime) -> int:
    """Pause each broadcast that can be paused, in its own transaction; returns how many were."""
    return one_by_one(sorted(broadcast_ids), partial(_pause_if_ongoing, reason=reason, now=now))


def _pause_if_ongoing(broadcast_id: UUID, *, reason: str, now: datetime) -> bool:
    with transaction.atomic():
        broadcast = (
            Broadcast.objects.locked()
            .filter(pk=broadcast_id, paused_at=None, status__in=PAUSABLE)
            .first()
        )
        if broadcast is None:
            return False
        halt(broadcast, reason=reason, now=now)
    return True


def halt(broadcast: Broadcast, *, reason: str, now: datetime) -> None:
    """Pause it; the caller holds its lock and has checked that it may be paused."""
    broadcast.paused_at = now
    broadcast.pause_reason = reason[:MAX_PAUSE_REASON]
    broadcast.save(update_fields=("paused_at", "pause_reason", "updated_at"))


def _continue(broadcast: Broadcast, *, now: datetime) -> None:
    scheduled_at = broadcast.scheduled_at
    if broadcast.status == BroadcastStatus.SCHEDULED and scheduled_at and scheduled_at <= now:
        queue(broadcast, now=now)
        return
    lift_pause(broadcast, now=now)
    save(broadcast)
    wake_lanes(broadcast=broadcast, at=now)
    serve_soon(lanes=Lane.objects.filter(broadcast=broadcast, next_batch_at__isnull=False).count())
