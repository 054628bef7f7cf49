"""Messages that are not handed over by a broadcast's `expires_at` are never sent."""

from datetime import datetime
from functools import partial
from math import ceil, inf
from uuid import UUID

from django.db import transaction

from broadcast.models import Broadcast
from broadcast.moves.broadcasts import move_pending
from broadcast.moves.finishing import finish
from broadcast.moves.messages import append_to_ledger
from broadcast.states import ChargeState, MessageCode, MessageStatus
from postgres.one_by_one import one_by_one

MAX_BROADCASTS = 500
"""Per run of the task: a run must end before the next one starts, some seconds later."""


def seconds_until_end(broadcast: Broadcast, *, now: datetime) -> float:
    """Seconds until the broadcast expires; negative afterwards."""
    return inf if broadcast.expires_at is None else (broadcast.expires_at - now).total_seconds()


def seconds_left(broadcast: Broadcast, *, now: datetime) -> int | None:
    """Seconds for which a provider may try to deliver, at least 1; None if it does not expire."""
    if broadcast.expires_at is None:
        return None
    return max(ceil(seconds_until_end(broadcast, now=now)), 1)


def expire_due(*, now: datetime) -> int:
    """Expire the PENDING messages of every ongoing broadcast past its time; returns how many."""
    due = Broadcast.objects.ongoing().filter(expires_at__lte=now, counters__pending__gt=0)
    return one_by_one(due.values_list("pk", flat=True)[:MAX_BROADCASTS], partial(_expire, now=now))


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
        append_to_ledger(
            broadcast=broadcast,
            moved=moved,
            reference=f"expired:{now.isoformat()}",
            actor="expire",
            now=now,
        )
        if moved.is_over:
            finish(broadcast_id=broadcast_id, now=now)
    return moved.count
