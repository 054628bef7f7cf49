"""Finishes a broadcast that has nothing left to send; its counters alone decide its status."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from broadcast.models import Batch, Broadcast, BroadcastCounters
from broadcast.states import FINISHED, BroadcastStatus
from postgres.one_by_one import one_by_one

NOBODY = "Nobody could be sent to: every recipient was suppressed, expired or refused."
MAX_BROADCASTS = 500
"""Broadcasts per run, so that a run stays short; the next run comes some seconds later."""

CHANGED = (
    "status",
    "status_reason",
    "finished_at",
    "paused_at",
    "pause_reason",
    "updated_at",
)
"""The fields that finishing saves."""


def finished_status(counters: BroadcastCounters) -> BroadcastStatus:
    accepted = counters.sent + counters.delivered + counters.read
    if not accepted and not counters.unknown and not counters.on_hold:
        return BroadcastStatus.FAILED
    if accepted == counters.total - counters.suppressed - counters.cancelled:
        return BroadcastStatus.SENT
    return BroadcastStatus.PARTIALLY_SENT


def finished_reason(counters: BroadcastCounters) -> str:
    if counters.unknown:
        messages = "1 message" if counters.unknown == 1 else f"{counters.unknown} messages"
        return f"The provider has not said what became of {messages}."
    if counters.on_hold:
        messages = "1 message" if counters.on_hold == 1 else f"{counters.on_hold} messages"
        return f"The provider holds {messages} back."
    return NOBODY if finished_status(counters) == BroadcastStatus.FAILED else ""


def finish(*, broadcast_id: UUID, now: datetime) -> bool:
    """Finish a broadcast that has nothing left to send, or correct a finished one's status.

    Callers have seen counters without open messages; the answer is certain only under both locks,
    taken here. If some messages are UNKNOWN, the broadcast waits BROADCAST_UNKNOWN_GRACE for
    receipts, and beat tries again. Safe to repeat. True if the status changed.
    """
    with transaction.atomic():
        broadcast = Broadcast.objects.locked().get(pk=broadcast_id)
        if broadcast.status not in {BroadcastStatus.QUEUED, BroadcastStatus.SENDING, *FINISHED}:
            return False
        counters = BroadcastCounters.objects.select_for_update(no_key=True).get(pk=broadcast_id)
        if counters.pending or counters.sending:
            return False
        status, reason = finished_status(counters), finished_reason(counters)
        if broadcast.status == BroadcastStatus.QUEUED and status != BroadcastStatus.FAILED:
            return False
        if broadcast.status not in FINISHED and _may_resolve(counters, now=now):
            return False
        changed = status != broadcast.status
        if changed or reason != broadcast.status_reason:
            broadcast.status, broadcast.status_reason = status, reason
            broadcast.finished_at = broadcast.finished_at or now
            # A paused broadcast may end with the batch that was in hand: nothing is left to resume.
            broadcast.paused_at, broadcast.pause_reason = None, ""
            broadcast.save(update_fields=CHANGED)
    return changed


def _may_resolve(counters: BroadcastCounters, *, now: datetime) -> bool:
    """Whether messages are UNKNOWN, and the last batch ended less than the grace period ago."""
    if not counters.unknown:
        return False
    last = Batch.objects.filter(broadcast_id=counters.pk).aggregate(
        settled=Max("settled_at"), swept=Max("swept_at")
    )
    times = [time for time in last.values() if time is not None]
    return bool(times) and now < max(times) + timedelta(seconds=settings.BROADCAST_UNKNOWN_GRACE)


def finish_all(*, now: datetime) -> int:
    """Finish broadcasts whose worker died between settling and finishing; returns how many.

    Broadcasts that wait for UNKNOWN messages come last: they must not hold up the others.
    """
    over = Broadcast.objects.ongoing().filter(
        counters__total__gt=0, counters__pending=0, counters__sending=0
    )
    ids = list(over.order_by("counters__unknown").values_list("pk", flat=True)[:MAX_BROADCASTS])
    return one_by_one(ids, lambda broadcast_id: finish(broadcast_id=broadcast_id, now=now))
