"""A look at many broadcasts, whoever's they are: one that fails never holds up the others."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog
from django.db import OperationalError

Item = TypeVar("Item")

log = structlog.get_logger(__name__)


def one_by_one(items: Iterable[Item], act: Callable[[Item], int]) -> int:
    """The sum of what `act` came to, in a transaction of its own for each; failures are logged.

    Raises OperationalError: without the database, or beside a deadlock, the next look does better.
    """
    done = 0
    for item in items:
        try:
            done += act(item)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - one tenant's must not stop the others'
            # Its type alone: the text of a database's error may quote an address.
            log.error("look_failed", subject=str(item), error_type=type(error).__name__)  # noqa: TRY400
    return done
