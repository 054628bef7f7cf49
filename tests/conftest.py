"""Real PostgreSQL, real Valkey, real workers; two runs at once do not see each other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests.runs import remove_leftovers, remove_own_keys
from tests.workers import Worker, start_worker

pytest_plugins = [
    "tests.fixtures.admin",
    "tests.fixtures.api",
    "tests.fixtures.far_end",
    "tests.fixtures.sending",
]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker: DjangoDbBlocker) -> None:
    """In place of the suffixes of pytest-django: settings.test names each run's database."""
    with django_db_blocker.unblock():
        remove_leftovers()


@pytest.fixture(scope="session", autouse=True)
def _own_keys() -> Iterator[None]:
    """Gone at the end of the run, whatever its tests have left."""
    yield
    remove_own_keys()


@pytest.fixture
def redis_client() -> Iterator[redis.Redis]:
    """Valkey with none of this run's keys in it; use only keys under settings.REDIS_KEY_PREFIX."""
    remove_own_keys()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client
    remove_own_keys()


@pytest.fixture
def celery_worker_process(
    transactional_db: None, redis_client: redis.Redis, tmp_path: Path
) -> Iterator[Callable[..., Worker]]:
    """`celery_worker_process(queues="sending", concurrency=2)` starts one for this test."""
    workers: list[Worker] = []

    def start(**options: str | int) -> Worker:
        log = tmp_path / f"worker{len(workers)}.log"
        workers.append(start_worker(log=log, **options))  # type: ignore[arg-type]
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop()
