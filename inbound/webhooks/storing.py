"""Keeps verified calls as they came; calls that come together share one INSERT and one commit.

Receipts come by the hundred a second, and a commit of its own for each would take the disk and a
core from what is being sent. Whoever finds nobody writing writes all that has gathered; those who
come meanwhile are the next to be written. Only where calls are frequent is company waited for.
"""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic, sleep

from django.db import DatabaseError, connection

from channels.models import ProviderApp
from postgres.text import storable

# Not by the ORM, which costs as much again as the statement.
INSERT = """
INSERT INTO inbound_providerevent (id, app_id, event_key, body, status, attempts, error,
                                   received_at)
SELECT uuidv7(), app_id, event_key, body, 'STORED', 0, '', received_at
FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::timestamptz[])
    AS call (app_id, event_key, body, received_at)
ON CONFLICT (app_id, event_key) DO NOTHING
"""


@dataclass(slots=True)
class _Call:
    app: ProviderApp
    event_key: str | None
    body: bytes
    received_at: datetime
    is_taken: bool = False
    is_stored: bool = False


class _Together:
    """Calls of this process that are written together."""

    GATHERING = 0.004
    """Seconds for which calls gather before they are written, while they keep coming."""
    FREQUENT = 0.02
    """Seconds since the last write within which they do. A lone call waits for nothing."""

    def __init__(self) -> None:
        self._waiting: list[_Call] = []
        self._list_changes = Lock()
        self._writing = Lock()
        self._last_written = 0.0

    def write(self, call: _Call) -> None:
        """Returns once it was tried: `call.is_stored` says with what success."""
        with self._list_changes:
            self._waiting.append(call)
        with self._writing:
            if not call.is_taken:
                self._write_what_waits()

    def _write_what_waits(self) -> None:
        if monotonic() - self._last_written < self.FREQUENT:
            sleep(self.GATHERING)
        self._last_written = monotonic()
        with self._list_changes:
            group, self._waiting = self._waiting, []
        for each in group:
            each.is_taken = True
        try:
            _insert(group)
        except DatabaseError:
            connection.close_if_unusable_or_obsolete()
            return
        for each in group:
            each.is_stored = True


_together = _Together()


def store(*, app: ProviderApp, event_key: str, body: bytes, now: datetime) -> None:
    """Returns once the call is committed; one whose key was stored before is dropped.

    Beat applies what is stored within 2 s. Within a transaction the call is stored in that one.
    Raises DatabaseError when this call could not be stored, whatever became of those beside it.
    """
    call = _Call(app, storable(event_key)[:200] or None, body, now)
    if not connection.in_atomic_block:
        _together.write(call)
    if not call.is_stored:  # alone: something among those that were written with it is at fault
        _insert([call])


def _insert(calls: list[_Call]) -> None:
    # In one order everywhere: two processes that are told the same twice do not wait in a ring.
    calls = sorted(calls, key=lambda each: (each.app.pk, each.event_key or ""))
    columns = (
        [each.app.pk for each in calls],
        [each.event_key for each in calls],
        [each.body for each in calls],
        [each.received_at for each in calls],
    )
    with connection.cursor() as cursor:
        cursor.execute(INSERT, columns)
