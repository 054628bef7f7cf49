"""Applying stored events once more: after a mended fault, or for what was set aside."""

from django.db.models import QuerySet

from inbound.models import EventStatus, ProviderEvent


def replay(events: QuerySet[ProviderEvent]) -> int:
    """Give events back to be applied; how many. Safe: receipts are monotonic, replies kept once."""
    return events.exclude(status=EventStatus.STORED).update(
        status=EventStatus.STORED, attempts=0, error="", retry_at=None, applied_at=None
    )
