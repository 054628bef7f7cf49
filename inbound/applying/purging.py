"""Deletes old events: they are kept for replays and for support questions."""

from datetime import datetime, timedelta

from django.conf import settings

from contacts.opting.suppressions import purge_opt_ins
from inbound.models import EventStatus, ProviderEvent

AT_ONCE = 10_000
"""Rows in one DELETE, so that transactions stay short."""


def purge_events(*, now: datetime) -> int:
    """Delete applied and failed events older than PROVIDER_EVENTS_KEPT_DAYS; returns how many.

    Also deletes opt-ins from before that time: no older opt-out can be replayed any more.
    """
    before = now - timedelta(days=settings.PROVIDER_EVENTS_KEPT_DAYS)
    purge_opt_ins(before=before)
    old = ProviderEvent.objects.exclude(status=EventStatus.STORED).filter(received_at__lt=before)
    deleted = 0
    while ids := list(old.order_by("id").values_list("pk", flat=True)[:AT_ONCE]):
        deleted += ProviderEvent.objects.filter(pk__in=ids).delete()[0]
    return deleted
