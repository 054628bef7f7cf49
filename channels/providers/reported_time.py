"""When did a provider's event happen? Reads timestamps; the fallback is the time of receipt."""

import math
from datetime import UTC, datetime

MILLISECONDS_FROM = 10**11
"""Larger timestamps are milliseconds: seconds since 1970 stay below it until the year 5138."""


def time_or(received_at: datetime, timestamp: object) -> datetime:
    """Seconds or milliseconds since 1970, as a number or a text; else the time of receipt.

    A time that is missing or unreadable must not lose its event.
    """
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float | str):
        return received_at
    try:
        number = float(timestamp)
        if not math.isfinite(number) or number <= 0:
            return received_at
        seconds = number / 1000 if number > MILLISECONDS_FROM else number
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return received_at
