"""Primary keys: time-ordered UUIDs, so that new rows are added at the end of every index."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562)."""
    return uuid7()


def id_at(at: datetime) -> UUID:
    """The lowest id of this millisecond: a UUIDv7 begins with 48 bits of Unix milliseconds.

    A time before 1970 gives the lowest id of all.
    """
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)
