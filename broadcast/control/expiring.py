"""What is not handed over by a broadcast's `expires_at` never goes out."""

from datetime import datetime
from functools import partial
from math import ceil, inf
from uuid import UUID

from django.db import transaction

from broadcast.models import Broadcast
from broadcast.moves.broadcasts import move_pending
from broadcast.moves.finishing import finish
from broadcast.moves.messages import make_money
from broadcast.states import ChargeState, MessageCode, MessageStatus
from postgres.one_by_one import one_by_one

LOOKED_AT = 500
"""Broadcasts a look; the next one comes some seconds later."""


def seconds_until_end(broadcast: Broadcast, *, now: datetime) -> float:
    """Until it expires; below zero where it has."""
    return inf if broadcast.expires_at is None else (broadcast.expires_at - now).total_seconds()


def seconds_left(broadcast: Broadcast, *, now: datetime) -> int | None:
    """Of its time, for a provider that drops what it cannot deliver by then; None: no end."""
    if broadcast.expires_at is None:
        return None
    return max(ceil(seconds_until_end(broadcast, now=now)), 1)


def expire_due(*, now: datetime) -> int:
    """Expire what is left of every ongoing broadcast past its time; how many messages."""
    due = Broadcast.objects.ongoing().filter(expires_at__lte=now, counters__pending__gt=0)
    return one_by_one(due.values_list("pk", flat=True)[:LOOKED_AT], partial(_expire, now=now))


def _expire(broadcast_id: UUID, *, now: datetime) -> int:
    with transaction.atomic():
        broadcast = (
            Broadcast.objects.ongoing()
            .locked()
            .filter(pk=broadcast_id, expires_at__lte=now)
            .first()
        )
        if broadcast is None:
            return 0
        moved = move_pending(
            broadcast,
            status=MessageStatus.EXPIRED,
            charge=ChargeState.RELEASED,
            code=MessageCode.EXPIRED,
            now=now,
        )
        make_money(
            broadcast=broadcast,
            moved=moved,
            reference=f"expired:{now.isoformat()}",
            actor="expire",
            now=now,
        )
        if moved.is_over:
            finish(broadcast_id=broadcast_id, now=now)
    return moved.count
