"""Takes back the messages of a batch whose lease has expired: its worker has left it."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from broadcast.engine.lost_answers import (
    status_of_exhausted,
    status_of_swept,
)
from broadcast.lanes.lanes import wake_lanes
from broadcast.models import Batch, Broadcast
from broadcast.moves.messages import Moved, append_to_ledger, lock_counters, move
from broadcast.moves.move_sql import Move
from broadcast.states import BroadcastStatus, MessageCode, MessageStatus

SWEEP = Move(
    ctes="""
-- A message that was not handed over returns to PENDING, and its attempt is given back. The fate of
-- a message that was handed over is unknown; if it would be sent again, it is given up after its
-- last attempt.
v AS (
    SELECT m.id, CASE WHEN %(handed)s AND %(status)s = 'PENDING' AND m.attempts > %(max_retries)s
                      THEN %(exhausted)s ELSE %(status)s END AS status
    FROM broadcast_broadcastmessage m
    WHERE m.broadcast_id = %(broadcast)s AND m.id = ANY(%(ids)s::uuid[]) AND m.batch_id = %(batch)s
      AND m.status = 'SENDING'
)""",
    update="""
UPDATE broadcast_broadcastmessage m
SET status = v.status, status_at = %(now)s,
    error_code = CASE WHEN v.status = 'FAILED' AND %(status)s = 'PENDING' THEN 'retries_exhausted'
                      ELSE %(code)s END,
    charge_state = CASE WHEN m.charge_state = 'HELD' AND v.status IN ('FAILED', 'CANCELLED')
                        THEN 'RELEASED' ELSE m.charge_state END,
    failed_at = CASE WHEN v.status = 'FAILED' THEN %(now)s END,
    attempts = m.attempts - %(given_back)s,
    next_attempt_at = CASE WHEN v.status = 'PENDING' THEN %(now)s::timestamptz END
FROM v
WHERE m.id = v.id AND m.broadcast_id = %(broadcast)s AND m.status = 'SENDING'
""",
)


def sweep(*, batch: Batch, now: datetime) -> Moved | None:
    """Take back what a batch past its lease still holds; None if it was swept or settled before."""
    broadcast = batch.broadcast
    with transaction.atomic():
        lock_counters(broadcast.pk)
        swept = Batch.objects.filter(
            pk=batch.pk, swept_at=None, settled_at=None, lease_expires_at__lte=now
        ).update(swept_at=now)
        if not swept:
            return None
        batch.refresh_from_db(fields=("handed_at",))
        handed = batch.handed_at is not None
        # Read under the counters' lock: a cancel holds that lock until its commit.
        cancelled = Broadcast.objects.filter(
            pk=broadcast.pk, status=BroadcastStatus.CANCELLED
        ).exists()
        status = status_of_swept(broadcast, handed=handed, cancelled=cancelled)
        moved = move(
            broadcast_id=broadcast.pk,
            update=SWEEP,
            params={
                "status": status,
                "exhausted": status_of_exhausted(broadcast),
                "max_retries": _max_retries(broadcast),
                "handed": handed,
                "code": _code_of_swept(status, handed=handed),
                "given_back": 0 if handed else 1,
                "ids": batch.message_ids,
                "batch": batch.pk,
                "now": now,
            },
        )
        append_to_ledger(
            broadcast=broadcast,
            moved=moved,
            reference=f"batch:{batch.pk}:swept",
            actor="sweep",
            now=now,
        )
        wake_lanes(broadcast=broadcast, at=now)
    return moved


def _code_of_swept(status: str, *, handed: bool) -> str:
    if not handed:
        return ""
    is_failed = status == MessageStatus.FAILED
    return (MessageCode.GIVEN_UP if is_failed else MessageCode.NO_ANSWER).value


def _max_retries(broadcast: Broadcast) -> int:
    sender = broadcast.sender
    return sender.effective_max_retries if sender else settings.BROADCAST_MAX_RETRIES
