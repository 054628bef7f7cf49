"""Sends hints to the workers, once the rows that a hint is about are committed.

Tasks are called by name: the tasks import the lifecycle, so the lifecycle cannot import the tasks.
Beat replaces a hint that is lost.
"""

from functools import partial
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction

SENDING = "sending"
"""The queue of the hints to serve a lane."""


def serve_soon(*, lanes: int) -> None:
    """Hint that so many lanes are due; the workers decide which lane is served next."""
    for _ in range(lanes):
        _send("broadcast.tasks.serve", queue=SENDING)


def hints_waiting() -> int:
    """How many hints to serve a lane no worker has taken yet."""
    with current_app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        # Not passive: a passive declaration asks for the queue without our key prefix.
        return int(channel.queue_declare(SENDING).message_count)


def plan_soon(*, broadcast_id: UUID) -> None:
    _send("broadcast.tasks.plan_broadcast", queue="planning", broadcast_id=str(broadcast_id))


def _send(name: str, *, queue: str, **kwargs: object) -> None:
    hint = partial(current_app.send_task, name, kwargs=kwargs, queue=queue)
    # Robust: an unreachable broker must not turn a committed broadcast into an error.
    transaction.on_commit(hint, robust=True)
