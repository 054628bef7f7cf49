"""What follows once receipts are committed: pauses after failures, and finishing.

If a row stays locked, a thread does it later. An error here would keep the other broadcasts of the
block from what follows from their receipts.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import OperationalError

from broadcast.followup.failures import act_on_failures
from broadcast.models import Broadcast
from broadcast.moves.finishing import finish
from channels.port.events import Receipt
from postgres.passing_errors import is_lock_timeout
from postgres.put_aside import PutAside

MAX_WAITING = 1000
"""Actions on broadcasts that wait in a process."""
_waiting = PutAside("finishing", most=MAX_WAITING)


def act_on(broadcast_id: UUID, failures: Mapping[UUID, Receipt], *, now: datetime) -> None:
    """Pause and hold what the failures of these messages ask for, now or later."""
    _now_or_later(partial(_act_on, broadcast_id, failures, now=now), broadcast_id)


def finish_now_or_later(broadcast_id: UUID, *, now: datetime) -> None:
    """Finish the broadcast, now or later.

    Beat would finish an ongoing broadcast, but not correct the status of a finished one.
    """
    _now_or_later(partial(_finish, broadcast_id, now=now), broadcast_id)


def _now_or_later(action: Callable[[], None], broadcast_id: UUID) -> None:
    try:
        action()
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        _waiting.add(action, group=broadcast_id)


def _act_on(broadcast_id: UUID, failures: Mapping[UUID, Receipt], *, now: datetime) -> None:
    """The broadcast is read again: it may have been resumed since the receipts were applied."""
    act_on_failures(Broadcast.objects.get(pk=broadcast_id), failures, now=now)


def _finish(broadcast_id: UUID, *, now: datetime) -> None:
    finish(broadcast_id=broadcast_id, now=now)
