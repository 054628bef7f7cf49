"""Bounds how long the statements of a connection wait for a lock that another session holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

SERVERS_DEFAULT = 0
"""The limit that the connection began with (`lock_timeout` in the settings)."""

_limits: "WeakKeyDictionary[Any, int]" = WeakKeyDictionary()
"""The limit by driver connection: a new connection has the default."""


def limit_lock_waits(milliseconds: int) -> None:
    """Let each later statement of this connection wait at most so long for each lock.

    A statement that waits longer raises OperationalError, caused by LockNotAvailable. Costs a
    statement only if the connection has another limit. Call it outside transactions: a rollback
    would restore the former limit.
    """
    connection.ensure_connection()
    if _limits.get(connection.connection, SERVERS_DEFAULT) == milliseconds:
        return
    with connection.cursor() as cursor:
        if milliseconds == SERVERS_DEFAULT:
            cursor.execute("RESET lock_timeout")
        else:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{milliseconds}ms"])
    _limits[connection.connection] = milliseconds


@contextmanager
def lock_waits_limited(milliseconds: int) -> Iterator[None]:
    """Within the block, locks are waited for at most so long; afterwards as before."""
    former = _current_limit()
    limit_lock_waits(milliseconds)
    try:
        yield
    finally:
        if _current_limit() != former and connection.is_usable():
            limit_lock_waits(former)


def _current_limit() -> int:
    if connection.connection is None:
        return SERVERS_DEFAULT
    return _limits.get(connection.connection, SERVERS_DEFAULT)
