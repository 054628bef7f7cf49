"""Runs an action on many rows, each in its own transaction; one failure does not stop the rest."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog
from django.db import connection

from postgres.lock_waits import limit_lock_waits, lock_waits_limited
from postgres.passing_errors import is_lock_timeout

Item = TypeVar("Item")

PATIENCE = 1000
"""Milliseconds of waiting for each lock. A batch holds a lock for milliseconds, a frozen process
for up to 30 s (idle_in_transaction_session_timeout of its session), another program for ever. SKIP
LOCKED might never reach a busy broadcast."""
IMPATIENCE = 50
"""Milliseconds, once MAX_LONG_WAITS rows of a run were locked: hundreds may be, by one lock."""
MAX_LONG_WAITS = 3

log = structlog.get_logger(__name__)


def one_by_one(items: Iterable[Item], act: Callable[[Item], int]) -> int:
    """The sum of the results of `act`, which runs in its own transaction each time; logs failures.

    A row that stays locked is left to the next run. Raises the error of `act` if the database is
    gone, because only the next run can succeed.
    """
    waiting = list(items)
    if not waiting:
        return 0
    done = skipped = 0
    with lock_waits_limited(PATIENCE):
        for item in waiting:
            try:
                limit_lock_waits(PATIENCE if skipped < MAX_LONG_WAITS else IMPATIENCE)
                done += act(item)
            except Exception as error:
                if not connection.is_usable():
                    raise
                if is_lock_timeout(error):
                    skipped += 1
                    log.info("locked_row_skipped", subject=str(item))
                    continue
                # Only the type is logged: the text of a database error may quote an address.
                kind = type(error).__name__
                log.error("action_on_row_failed", subject=str(item), error_type=kind)  # noqa: TRY400
    return done
