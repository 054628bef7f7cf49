"""The worker process of the tests, as the tests of other apps rely on it."""

import time
from collections.abc import Callable

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


def _pings() -> list[dict[str, dict[str, str]]]:
    """The worker says it is ready a moment before it listens for commands."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if replies := app.control.ping(timeout=1.0):
            return list(replies)
    return []
