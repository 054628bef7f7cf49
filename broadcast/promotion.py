"""SCHEDULED → QUEUED when its time has come."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from broadcast.lifecycle import queue
from broadcast.models import Broadcast
from broadcast.sending import due_scheduled
from broadcast.states import BroadcastStatus


def promote_due(*, now: datetime) -> int:
    """Queue every broadcast that is due; any number of beats may do it at once."""
    if not settings.SENDING_ENABLED:
        return 0
    return sum(_promote(broadcast_id, now=now) for broadcast_id in due_scheduled(now=now))


def _promote(broadcast_id: UUID, *, now: datetime) -> bool:
    with transaction.atomic():
        broadcast = (
            Broadcast.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
            .select_related("tenant", "sender", "template")
            .filter(pk=broadcast_id, status=BroadcastStatus.SCHEDULED, scheduled_at__lte=now)
            .first()
        )
        if broadcast is None:
            return False
        queue(broadcast, now=now)
    return True
