"""Celery by the database's clock: machines whose clocks differ agree on when a task expires."""

import time
from datetime import UTC, datetime
from threading import Thread
from typing import Literal

import structlog
from celery import Celery, Task
from celery.worker.request import Request
from celery.worker.state import revoked as revoked_tasks
from django.db import connection

from postgres import clock

log = structlog.get_logger(__name__)


class App(Celery):
    """Sets the times of tasks, such as `expires`, by the database's clock."""

    def now(self) -> datetime:
        return clock.corrected(super().now())


class TimelyRequest(Request):
    """Drops an expired task by the database's clock.

    By its own clock, a worker that is 20 s ahead would drop all of beat's tasks.
    """

    def maybe_expire(self) -> Literal[True] | None:
        expires: datetime | None = self.expires
        if expires is None or clock.corrected(datetime.now(tz=UTC)) <= expires:
            return None
        revoked_tasks.add(self.id)
        return True


class TimelyTask(Task):  # type: ignore[type-arg]  # is not generic at run time
    Request = "config.task_time:TimelyRequest"


def watch_clock() -> None:
    """Measure this process's clock now, and from now on in a thread of its own."""
    _measure()
    Thread(target=_watch, name="clock", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(clock.MEASURED_EVERY)
        _measure()


def _measure() -> None:
    clock.now()  # measures if it is time to, and logs a difference
    connection.close()  # no connection is kept for a statement in ten seconds
