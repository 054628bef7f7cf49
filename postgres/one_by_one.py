"""A look at many things, whoever's they are: one that fails never holds up the others."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from django.db import connection
from psycopg2.errors import LockNotAvailable

Item = TypeVar("Item")

PATIENCE = "SET lock_timeout = '1s'"
"""For each lock: a batch keeps one for milliseconds, a frozen process for 30 s (its session's
idle_in_transaction_session_timeout). SKIP LOCKED might never get to a busy broadcast."""

log = structlog.get_logger(__name__)


def one_by_one(items: Iterable[Item], act: Callable[[Item], int]) -> int:
    """The sum of what `act` came to, in a transaction of its own for each; failures are logged.

    What somebody keeps locked is left to the next look. Raises what `act` raised where the database
    is gone: the next look does better.
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
                    log.info("look_put_off", subject=str(item))
                    continue
                # Its type alone: the text of a database's error may quote an address.
                log.error("look_failed", subject=str(item), error_type=type(error).__name__)  # noqa: TRY400
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
