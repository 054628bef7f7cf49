"""When a broadcast is over, and what it then is: one pure function of its counters."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from broadcast.models import Broadcast, BroadcastCounters
from broadcast.states import FINISHED, BroadcastStatus

NOBODY = "Nobody could be sent to: every recipient was suppressed, expired or refused."


def finished_status(counters: BroadcastCounters) -> BroadcastStatus:
    accepted = counters.sent + counters.delivered + counters.read
    if not accepted and not counters.unknown:
        return BroadcastStatus.FAILED
    if accepted == counters.total - counters.suppressed - counters.cancelled:
        return BroadcastStatus.SENT
    return BroadcastStatus.PARTIALLY_SENT


def finish(*, broadcast_id: UUID, now: datetime) -> bool:
    """Finish a broadcast that has nothing left to send, or correct a finished one's status.

    Called after the counters' UPDATE said so; under both locks it is true or it is not. Safe to
    repeat. True if the status changed.
    """
    with transaction.atomic():
        broadcast = Broadcast.objects.select_for_update(no_key=True).get(pk=broadcast_id)
        if broadcast.status not in {BroadcastStatus.QUEUED, BroadcastStatus.SENDING, *FINISHED}:
            return False
        counters = BroadcastCounters.objects.select_for_update(no_key=True).get(pk=broadcast_id)
        if counters.pending or counters.sending:
            return False
        status = finished_status(counters)
        if status == broadcast.status:
            return False
        if broadcast.status == BroadcastStatus.QUEUED and status != BroadcastStatus.FAILED:
            return False
        broadcast.status = status
        broadcast.status_reason = NOBODY if status == BroadcastStatus.FAILED else ""
        broadcast.finished_at = broadcast.finished_at or now
        # The batch in hand when it was paused was its last: there is nothing to resume.
        broadcast.paused_at, broadcast.pause_reason = None, ""
        broadcast.save(
            update_fields=(
                "status",
                "status_reason",
                "finished_at",
                "paused_at",
                "pause_reason",
                "updated_at",
            )
        )
    return True


def finish_all_that_are_over(*, now: datetime) -> int:
    """Finish what a worker settled and then died before finishing; how many there were."""
    over = Broadcast.objects.ongoing().filter(
        counters__total__gt=0, counters__pending=0, counters__sending=0
    )
    ids = list(over.values_list("pk", flat=True)[:500])
    return sum(finish(broadcast_id=each, now=now) for each in ids)
