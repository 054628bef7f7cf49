"""The database's clock, by which all processes of an installation agree on the time.

A machine's own clock may be wrong. Its difference to the database's clock is measured now and then;
`now` corrects the machine's clock by it. Between two measurements no statement is sent.
"""

from datetime import UTC, datetime, timedelta
from threading import Lock
from time import monotonic

import structlog
from django.db import Error, connection

MEASURED_EVERY = 10.0
"""Seconds between two measurements of a process."""
MAX_DIFFERENCE = 2.0
"""Seconds by which a machine's clock may be wrong before it is reported."""

log = structlog.get_logger(__name__)

_measuring = Lock()
_difference = 0.0
_measured_at = float("-inf")


def now() -> datetime:
    """The time by the database's clock.

    While the database is away, or within a transaction, the last measurement counts.
    """
    is_due = monotonic() - _measured_at > MEASURED_EVERY and not connection.in_atomic_block
    if is_due and _measuring.acquire(blocking=False):
        try:
            _measure()
        finally:
            _measuring.release()
    return corrected(system_time())


def corrected(at: datetime) -> datetime:
    """A reading of this machine's clock, by the database's clock as it was last measured."""
    return at - timedelta(seconds=_difference)


def measured_difference() -> float:
    """Seconds by which this machine's clock is ahead of the database's; measured now."""
    began = monotonic()
    before = system_time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone()
    # The answer was given half a round trip ago.
    halfway = before + timedelta(seconds=(monotonic() - began) / 2)
    return float((halfway - there).total_seconds())


def system_time() -> datetime:
    """This machine's clock."""
    return datetime.now(tz=UTC)


def _measure() -> None:
    global _difference, _measured_at  # noqa: PLW0603 - one measurement serves the whole process
    _measured_at = monotonic()
    try:
        difference = measured_difference()
    except Error:
        return  # the next statement of the caller fails, too
    if abs(difference) > MAX_DIFFERENCE:
        log.error("clock_is_wrong", seconds_ahead=round(difference, 1))
    # A small difference is the round trip's; a clock that is right is not corrected.
    _difference = difference if abs(difference) > MAX_DIFFERENCE else 0.0
