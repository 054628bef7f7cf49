"""Hints to the workers, given once the rows that they speak of are committed.

By name: the tasks call the lifecycle, so the lifecycle cannot import the tasks. A hint that is lost
is made good by beat.
"""

from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction


def run_lane_soon(*, lane_id: int) -> None:
    _send("broadcast.tasks.run_lane", queue="sending", lane_id=lane_id)


def plan_soon(*, broadcast_id: UUID) -> None:
    _send("broadcast.tasks.plan_broadcast", queue="planning", broadcast_id=str(broadcast_id))


def _send(name: str, *, queue: str, **kwargs: object) -> None:
    hint = partial(current_app.send_task, name, kwargs=kwargs, queue=queue)
    # Robust: a broker that is away must not turn a committed broadcast into an error.
    transaction.on_commit(hint, robust=True)
