"""Tells errors of the database that pass by themselves from errors of a statement."""

from django.db import InterfaceError, InternalError, OperationalError
from psycopg2.errors import LockNotAvailable, ReadOnlySqlTransaction


def is_passing(error: BaseException) -> bool:
    """Whether the same statement may succeed later, unchanged.

    True if a row was locked for too long, the connection was lost or refused, the server had no
    room (connections, memory, disk), or the server accepts no writes for now.
    """
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, InternalError) and isinstance(error.__cause__, ReadOnlySqlTransaction)


def is_lock_timeout(error: BaseException) -> bool:
    """Whether another session held a row for longer than `lock_timeout`."""
    return isinstance(error.__cause__, LockNotAvailable)
