"""SCHEDULED → QUEUED when a broadcast is due."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from api.errors import DomainError
from broadcast.control.launching import queue
from broadcast.control.pausing import halt
from broadcast.models import Broadcast
from broadcast.states import BroadcastStatus
from postgres.one_by_one import one_by_one

MAX_BROADCASTS = 1000
"""Per run of the task: the next run comes a second later."""


def promote_due(*, now: datetime) -> int:
    """Queue every broadcast that is due; safe with any number of beats at once.

    A broadcast that is found long after its time (the system was down) is paused instead, because
    a morning greeting must not be sent in the evening unasked. A broadcast whose sender is no
    longer in use is paused too.
    """
    if not settings.SENDING_ENABLED:
        return 0
    return one_by_one(due_scheduled(now=now), partial(_promote, now=now))


def due_scheduled(*, now: datetime) -> list[UUID]:
    due = Broadcast.objects.filter(
        status=BroadcastStatus.SCHEDULED, scheduled_at__lte=now, paused_at=None
    )
    return list(due.order_by("scheduled_at").values_list("pk", flat=True)[:MAX_BROADCASTS])


def _promote(broadcast_id: UUID, *, now: datetime) -> bool:
    with transaction.atomic():
        broadcast = (
            Broadcast.objects.locked(skip_locked=True)
            .filter(
                pk=broadcast_id,
                status=BroadcastStatus.SCHEDULED,
                scheduled_at__lte=now,
                paused_at=None,
            )
            .first()
        )
        if broadcast is None or broadcast.scheduled_at is None:
            return False
        late = now - broadcast.scheduled_at
        if late > timedelta(seconds=settings.BROADCAST_LATE_START_LIMIT):
            halt(broadcast, reason=_too_late(late), now=now)
            return False
        try:
            queue(broadcast, now=now)
        except DomainError as refusal:
            halt(broadcast, reason=refusal.detail, now=now)
            return False
    return True


def _too_late(late: timedelta) -> str:
    hours, minutes = divmod(int(late.total_seconds()) // 60, 60)
    return f"Found {hours} h {minutes} min after its time; resume it if it is still to be sent."
