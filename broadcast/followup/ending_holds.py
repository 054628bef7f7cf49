"""Ends holds: a message that its provider held back, and never reported on, counts as failed.

After BROADCAST_PROVIDER_HOLD without a receipt, its credits are released. It goes down no fallback
ladder, because it may still arrive. A later receipt counts: delivery wins over failure.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from broadcast.models import Broadcast, BroadcastCounters
from broadcast.moves.finishing import finish
from broadcast.moves.messages import append_to_ledger, lock_counters, move
from broadcast.moves.move_sql import Move
from broadcast.states import MessageCode
from postgres.ids import new_id
from postgres.one_by_one import one_by_one

MAX_BROADCASTS = 500
"""Broadcasts per run, so that a run stays short; the next run comes some seconds later."""

END = Move(
    update="""
UPDATE broadcast_broadcastmessage m
SET status = 'FAILED', status_at = %(now)s, failed_at = %(now)s, error_code = %(code)s,
    next_attempt_at = NULL,
    charge_state = CASE WHEN m.charge_state = 'HELD' THEN 'RELEASED' ELSE m.charge_state END
WHERE m.broadcast_id = %(broadcast)s AND m.status = 'ON_HOLD' AND m.next_attempt_at <= %(now)s
"""
)


def end_holds(*, now: datetime) -> int:
    """Fail the messages whose hold has lasted too long; returns how many. Safe to repeat."""
    holding = BroadcastCounters.objects.filter(
        on_hold__gt=0,
        broadcast__messages__status="ON_HOLD",
        broadcast__messages__next_attempt_at__lte=now,
    )
    ids = holding.values_list("pk", flat=True).distinct()[:MAX_BROADCASTS]
    return one_by_one(ids, partial(_end, now=now))


def _end(broadcast_id: UUID, *, now: datetime) -> int:
    with transaction.atomic():
        broadcast = Broadcast.objects.locked(skip_locked=True).filter(pk=broadcast_id).first()
        if broadcast is None:
            return 0
        lock_counters(broadcast_id)
        moved = move(
            broadcast_id=broadcast_id,
            update=END,
            params={"code": MessageCode.HOLD_EXPIRED.value, "now": now},
        )
        append_to_ledger(
            broadcast=broadcast,
            moved=moved,
            reference=f"hold_expired:{new_id()}",
            actor="end_holds",
            now=now,
        )
        finish(broadcast_id=broadcast_id, now=now)
    return moved.count
