"""Keeps a verified call as it came: one INSERT, and a repeated call is stored once."""

from datetime import datetime

from channels.models import ProviderApp
from inbound.models import ProviderEvent


def store(*, app: ProviderApp, event_key: str, body: bytes, now: datetime) -> None:
    """A call whose key was stored before is dropped. Beat applies what is stored within 2 s."""
    ProviderEvent.objects.bulk_create(
        [ProviderEvent(app=app, event_key=event_key[:200] or None, body=body, received_at=now)],
        ignore_conflicts=True,
    )
