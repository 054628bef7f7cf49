"""Runs an action on many rows, each in its own transaction; one failure does not stop the rest."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from django.db import connection
from psycopg2.errors import LockNotAvailable

Item = TypeVar("Item")

PATIENCE = "SET lock_timeout = '1s'"
"""The wait for each lock. A batch holds a lock for milliseconds, a frozen process for up to 30 s
(idle_in_transaction_session_timeout of its session). SKIP LOCKED might never reach a busy
broadcast."""

log = structlog.get_logger(__name__)


def one_by_one(items: Iterable[Item], act: Callable[[Item], int]) -> int:
    """The sum of the results of `act`, which runs in its own transaction each time; logs failures.

    A row that stays locked is left to the next run. Raises the error of `act` if the database is
    gone, because only the next run can succeed.
    """
    waiting = list(items)
    if not waiting:
        return 0
    done = 0
    with _waiting_briefly():
        for item in waiting:
            try:
                done += act(item)
            except Exception as error:
                if not connection.is_usable():
                    raise
                if isinstance(error.__cause__, LockNotAvailable):
                    log.info("locked_row_skipped", subject=str(item))
                    continue
                # Only the type is logged: the text of a database error may quote an address.
                kind = type(error).__name__
                log.error("action_on_row_failed", subject=str(item), error_type=kind)  # noqa: TRY400
    return done


@contextmanager
def _waiting_briefly() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(PATIENCE)
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
