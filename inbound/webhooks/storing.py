"""Stores verified calls as received; concurrent calls share one INSERT and one commit.

Receipts come by the hundred per second. One commit for each would take disk and CPU from sending.
A thread that gets the write lock writes all calls that have gathered; calls that arrive meanwhile
are in the next write. A thread waits for more calls only while calls are frequent.
"""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic, sleep
from uuid import UUID

from django.db import DatabaseError, OperationalError, connection

from channels.models import ProviderApp
from postgres.passing_errors import is_lock_timeout
from postgres.text import storable

# Raw SQL: the ORM would double the cost of the statement.
INSERT = """
-- A foreign key waits if another session keeps the app's row locked.
SELECT set_config('lock_timeout', '500ms', true);
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
    """The calls of this process, written in groups."""

    GATHERING = 0.004
    """Seconds for which a write waits for more calls, while calls are frequent."""
    FREQUENT = 0.02
    """Calls are frequent if the last write was less than this many seconds ago."""

    def __init__(self) -> None:
        self._waiting: list[_Call] = []
        self._list_changes = Lock()
        self._writing = Lock()
        self._last_written = 0.0

    def write(self, call: _Call) -> None:
        """Returns once the call was tried; `call.is_stored` is true if it was stored."""
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
        for call in group:
            call.is_taken = True
        try:
            _insert(group)
        except DatabaseError:
            connection.close_if_unusable_or_obsolete()
            return
        for call in group:
            call.is_stored = True


_write_queue = _Together()
LOCKED_FOR = 10.0
"""Seconds for which calls of an app whose row was locked are stored one by one."""
_locked_apps: dict[UUID, float] = {}
"""Until when an app counts as locked (monotonic); there are as many entries as apps at most."""


def store(*, app: ProviderApp, event_key: str, body: bytes, now: datetime) -> None:
    """Store a call; returns once it is committed. A call with a stored key is dropped.

    A beat task applies stored calls within 2 s. Inside a transaction, the call is stored in it.
    Raises DatabaseError if this call could not be stored, also if others of its group could.
    """
    call = _Call(app, storable(event_key)[:200] or None, body, now)
    is_locked = monotonic() < _locked_apps.get(app.pk, 0.0)
    if not connection.in_atomic_block and not is_locked:
        _write_queue.write(call)
    if not call.is_stored:  # alone: another call of its group may have failed the INSERT
        _store_alone(call)


def _store_alone(call: _Call) -> None:
    """Remembers an app whose row is locked: its calls must not delay those of other apps."""
    try:
        _insert([call])
    except OperationalError as error:
        if is_lock_timeout(error):
            _locked_apps[call.app.pk] = monotonic() + LOCKED_FOR
        raise
    _locked_apps.pop(call.app.pk, None)


def _insert(calls: list[_Call]) -> None:
    # Sorted, so that two processes that store the same calls cannot deadlock.
    calls = sorted(calls, key=lambda call: (call.app.pk, call.event_key or ""))
    columns = (
        [call.app.pk for call in calls],
        [call.event_key for call in calls],
        [call.body for call in calls],
        [call.received_at for call in calls],
    )
    with connection.cursor() as cursor:
        cursor.execute(INSERT, columns)
