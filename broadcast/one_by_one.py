"""A look at many broadcasts, whoever's they are: one that fails never holds up the others."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog
from django.db import connection

Item = TypeVar("Item")

log = structlog.get_logger(__name__)


def one_by_one(items: Iterable[Item], act: Callable[[Item], int]) -> int:
    """The sum of what `act` came to, in a transaction of its own for each; failures are logged.

    Raises what `act` raised where the database is gone: the next look does better.
    """
    done = 0
    for item in items:
        try:
            done += act(item)
        except Exception as error:
            if not connection.is_usable():
                raise
            # Its type alone: the text of a database's error may quote an address.
            log.error("look_failed", subject=str(item), error_type=type(error).__name__)  # noqa: TRY400
    return done
