"""Hints to the workers, given once the rows that they speak of are committed.

By name: the tasks call the lifecycle, so the lifecycle cannot import the tasks. A hint that is lost
is made good by beat.
"""

from functools import partial
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction

SENDING = "sending"


def serve_soon(*, lanes: int) -> None:
    """So many lanes are due. Whose turn it is, the workers see."""
    for _ in range(lanes):
        _send("broadcast.tasks.serve", queue=SENDING)


def hints_waiting() -> int:
    """How many of them no worker has taken yet."""
    with current_app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        # Not passive: then kombu asks for the queue without the prefix of our keys.
        return int(channel.queue_declare(SENDING).message_count)


def plan_soon(*, broadcast_id: UUID) -> None:
    _send("broadcast.tasks.plan_broadcast", queue="planning", broadcast_id=str(broadcast_id))


def _send(name: str, *, queue: str, **kwargs: object) -> None:
    hint = partial(current_app.send_task, name, kwargs=kwargs, queue=queue)
    # Robust: a broker that is away must not turn a committed broadcast into an error.
    transaction.on_commit(hint, robust=True)
