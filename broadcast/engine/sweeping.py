"""What becomes of a batch whose worker left it: its lease is over."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from broadcast.engine.settling import _ignores_repeats, unknown_becomes
from broadcast.lanes.lanes import wake_lanes
from broadcast.models import Batch, Broadcast
from broadcast.moves.messages import Moved, lock_counters, make_money, move
from broadcast.states import BroadcastStatus, MessageCode, MessageStatus

# Not handed over: back to PENDING, with its attempt. Handed over: nobody knows; what would be sent
# again is given up after its last attempt.
SWEEP = """
v AS (
    SELECT m.id, CASE WHEN %(handed)s AND %(status)s = 'PENDING' AND m.attempts > %(max_retries)s
                      THEN %(exhausted)s ELSE %(status)s END AS status
    FROM broadcast_broadcastmessage m
    WHERE m.broadcast_id = %(broadcast)s AND m.id = ANY(%(ids)s::uuid[]) AND m.batch_id = %(batch)s
      AND m.status = 'SENDING'
), --UPDATE--
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
"""


def sweep(*, batch: Batch, now: datetime) -> Moved | None:
    """Take back what a batch past its lease still holds; None if somebody else did."""
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
        # Read once the lock is ours: whoever cancels holds it until it is said.
        cancelled = Broadcast.objects.filter(
            pk=broadcast.pk, status=BroadcastStatus.CANCELLED
        ).exists()
        status = _swept_becomes(broadcast, handed=handed, cancelled=cancelled)
        moved = move(
            broadcast_id=broadcast.pk,
            update=SWEEP,
            params={
                "status": status,
                "exhausted": _exhausted_becomes(broadcast),
                "max_retries": _max_retries(broadcast),
                "handed": handed,
                "code": _swept_says(status, handed=handed),
                "given_back": 0 if handed else 1,
                "ids": batch.message_ids,
                "batch": batch.pk,
                "now": now,
            },
        )
        make_money(
            broadcast=broadcast,
            moved=moved,
            reference=f"batch:{batch.pk}:swept",
            actor="sweep",
            now=now,
        )
        wake_lanes(broadcast=broadcast, at=now)
    return moved


def _swept_says(status: str, *, handed: bool) -> str:
    if not handed:
        return ""
    is_failed = status == MessageStatus.FAILED
    return (MessageCode.GIVEN_UP if is_failed else MessageCode.NO_ANSWER).value


def _swept_becomes(broadcast: Broadcast, *, handed: bool, cancelled: bool) -> str:
    if not handed:
        return (MessageStatus.CANCELLED if cancelled else MessageStatus.PENDING).value
    if not cancelled and _ignores_repeats(broadcast.sender):
        return MessageStatus.PENDING.value
    wanted = unknown_becomes(broadcast)
    # Nothing of a cancelled broadcast is sent again; what became of it is still not known.
    if cancelled and wanted == MessageStatus.PENDING:
        return MessageStatus.UNKNOWN.value
    return wanted


def _exhausted_becomes(broadcast: Broadcast) -> str:
    """After the last attempt whose answer was lost.

    RESEND says that nobody is to decide and a second message does no harm: FAILED, as where the
    answer itself was lost. Where a provider's deduplication is all that allowed it, a receipt or
    somebody still tells.
    """
    if unknown_becomes(broadcast) == MessageStatus.UNKNOWN:
        return MessageStatus.UNKNOWN.value
    return MessageStatus.FAILED.value


def _max_retries(broadcast: Broadcast) -> int:
    sender = broadcast.sender
    return sender.effective_max_retries if sender else settings.BROADCAST_MAX_RETRIES
