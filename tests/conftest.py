"""Real PostgreSQL, real Valkey, real workers; parallel runs do not see each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests.fixtures.types import StartWorker
from tests.runs import remove_leftovers, remove_own_keys
from tests.workers import QUEUES, Worker, start_worker

pytest_plugins = [
    "tests.fixtures.admin",
    "tests.fixtures.api",
    "tests.fixtures.contract",
    "tests.fixtures.far_end",
    "tests.fixtures.sending",
]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker: DjangoDbBlocker) -> None:
    """Replaces pytest-django's suffixes: settings.test already names the run's own database."""
    with django_db_blocker.unblock():
        remove_leftovers()


@pytest.fixture(scope="session", autouse=True)
def _own_keys() -> Iterator[None]:
    """Removes the run's keys from Valkey at its end, also those that tests left behind."""
    yield
    remove_own_keys()


@pytest.fixture
def redis_client() -> Iterator[redis.Redis]:
    """Valkey without this run's keys; use only keys that begin with settings.REDIS_KEY_PREFIX."""
    remove_own_keys()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client
    remove_own_keys()


@pytest.fixture
def celery_worker_process(
    transactional_db: None, redis_client: redis.Redis, tmp_path: Path
) -> Iterator[StartWorker]:
    """`celery_worker_process(queues="sending", concurrency=2)` starts a worker for this test."""
    workers: list[Worker] = []

    def start(
        *, queues: str = QUEUES, pool: str = "threads", concurrency: int = 2, **environment: str
    ) -> Worker:
        worker = start_worker(
            log=tmp_path / f"worker{len(workers)}.log",
            queues=queues,
            pool=pool,
            concurrency=concurrency,
            **environment,
        )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.stop()
