"""Primary keys: time-ordered UUIDs, so that new rows land at the end of every index."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562)."""
    return uuid7()


def id_at(at: datetime) -> UUID:
    """Below every id that was made since then: their first 48 bits are Unix milliseconds."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
