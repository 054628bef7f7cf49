"""The worker process on which the tests of other apps rely."""

import time
from collections.abc import Callable

import pytest
from django.db import connection

from config.celery import app
from tests.workers import Worker

DEADLINE = 20.0


def test_a_worker_process_answers_under_the_runs_own_prefix(
    celery_worker_process: Callable[..., Worker],
) -> None:
    worker = celery_worker_process(queues="default")

    assert [next(iter(reply.values())) for reply in _pings()] == [{"ok": "pong"}]
    assert worker.process.poll() is None


def test_a_workers_end_is_waited_for(celery_worker_process: Callable[..., Worker]) -> None:
    worker = celery_worker_process(queues="default")

    worker.stop()

    assert worker.process.returncode == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_keeps_its_connection_and_replaces_a_broken_one(
    celery_worker_process: Callable[..., Worker],
) -> None:
    celery_worker_process(queues="default", concurrency=1)
    assert _backends_of_two_tasks() == 1

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert _backends_of_two_tasks() == 1


def _backends_of_two_tasks() -> int:
    """How many connections two tasks that use the database had."""
    return len({_backend_after_a_task() for _ in range(2)})


def _backend_after_a_task() -> int:
    """The process id of the worker's connection, after a task has used it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (started_at,) = cursor.fetchone()
        app.send_task("broadcast.tasks.sweep", queue="default")
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state = 'idle' AND query_start > %s",
                [started_at],
            )
            if rows := cursor.fetchall():
                return int(rows[0][0])
            time.sleep(0.05)
    raise AssertionError("No task has used the database.")


def _pings() -> list[dict[str, dict[str, str]]]:
    """Asks again and again: a worker reports ready before it listens for commands."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if replies := app.control.ping(timeout=1.0):
            return list(replies)
    return []
