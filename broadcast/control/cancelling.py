"""Stopping a broadcast for good."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from broadcast.models import Broadcast, Lane
from broadcast.moves.broadcasts import fresh, locked, move_pending, require_move, save
from broadcast.moves.messages import append_to_ledger
from broadcast.states import BroadcastStatus, ChargeState, MessageCode, MessageStatus
from tenants.models import Tenant


def cancel(*, tenant: Tenant, broadcast_id: UUID, now: datetime) -> Broadcast:
    """Stop for good: messages not yet handed over become CANCELLED and their credits are released.

    A batch that a worker holds may still be sent; its messages that are not sent become CANCELLED
    when the batch settles or is swept. Credits of UNKNOWN messages stay held until a user resolves
    them.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        if broadcast.status == BroadcastStatus.CANCELLED:
            return fresh(broadcast)
        require_move(broadcast, BroadcastStatus.CANCELLED)
        moved = move_pending(
            broadcast,
            status=MessageStatus.CANCELLED,
            charge=ChargeState.RELEASED,
            code=MessageCode.CANCELLED,
            now=now,
        )
        append_to_ledger(
            broadcast=broadcast, moved=moved, reference="cancel", actor="cancel", now=now
        )
        Lane.objects.filter(broadcast=broadcast).update(next_batch_at=None)
        broadcast.status = BroadcastStatus.CANCELLED
        broadcast.planning_at = broadcast.paused_at = None
        broadcast.pause_reason = ""
        broadcast.cancelled_at = now
        broadcast.finished_at = now
        save(broadcast)
    return fresh(broadcast)
