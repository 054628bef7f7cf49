"""Applies stored events once more, after a fault was fixed."""

from django.db.models import QuerySet

from inbound.models import EventStatus, ProviderEvent


def replay(events: QuerySet[ProviderEvent]) -> int:
    """Mark events as STORED again; returns how many. Safe: receipts and replies are idempotent."""
    return events.exclude(status=EventStatus.STORED).update(
        status=EventStatus.STORED,
        attempts=0,
        error="",
        not_understood=[],
        retry_at=None,
        applied_at=None,
    )
