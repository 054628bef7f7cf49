"""A worker outlives every fault of Redis and takes tasks again by itself."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import OperationalError

from tenants.models import IdempotencyRecord
from tests.factories import TenantFactory
from tests.fixtures.own_valkey import OwnValkey, own_valkey
from tests.fixtures.types import StartWorker
from tests.workers import Worker

LASTS = 3.0
"""Seconds of a fault."""
DEADLINE = 40.0

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[OwnValkey]:
    with own_valkey(tmp_path) as server:
        yield server


def out_of_memory(valkey: OwnValkey) -> None:
    valkey.settings(maxmemory="1", maxmemory_policy="noeviction")


def memory_again(valkey: OwnValkey) -> None:
    valkey.settings(maxmemory="0")


def too_few_replicas(valkey: OwnValkey) -> None:
    valkey.settings(min_replicas_to_write="1")


def enough_replicas(valkey: OwnValkey) -> None:
    valkey.settings(min_replicas_to_write="0")


def a_replica(valkey: OwnValkey) -> None:
    with valkey.client() as client:
        client.replicaof("127.0.0.1", "1")


def a_primary(valkey: OwnValkey) -> None:
    with valkey.client() as client:
        client.replicaof("NO", "ONE")


def connections_killed(valkey: OwnValkey) -> None:
    with valkey.client() as client:
        for _ in range(5):
            for kind in ("normal", "pubsub"):
                client.execute_command("CLIENT", "KILL", "TYPE", kind)
            time.sleep(0.2)


def idle_connections_closed(valkey: OwnValkey) -> None:
    valkey.settings(timeout="1")


def clients_paused(valkey: OwnValkey) -> None:
    with valkey.client() as client:
        client.client_pause(int(1000 * LASTS), all=True)


def restart(valkey: OwnValkey) -> None:
    valkey.stop()
    time.sleep(1)
    valkey.start()


def nothing(valkey: OwnValkey) -> None:
    """The fault is over by itself."""


FAULTS: dict[Callable[[OwnValkey], None], Callable[[OwnValkey], None]] = {
    out_of_memory: memory_again,
    too_few_replicas: enough_replicas,
    a_replica: a_primary,
    connections_killed: nothing,
    idle_connections_closed: nothing,
    clients_paused: nothing,
    restart: nothing,
}


def send_purge(valkey: OwnValkey) -> None:
    """Sends the task; raises what a sender sees while Redis takes no writes."""
    options = dict(settings.CELERY_BROKER_TRANSPORT_OPTIONS)
    with Connection(valkey.url, transport_options=options) as broker:
        current_app.send_task(
            "tenants.tasks.purge", queue="default", connection=broker, retry=False
        )


def works(worker: Worker, valkey: OwnValkey) -> bool:
    """Whether the worker runs a task within the deadline."""
    tenant = TenantFactory.create()
    IdempotencyRecord.objects.create(tenant=tenant, key="old", response_status=200)
    records = IdempotencyRecord.objects.filter(tenant=tenant)
    records.update(created_at=timezone.now() - timedelta(days=3))
    deadline = time.monotonic() + DEADLINE
    while records.exists():
        if worker.process.poll() is not None or time.monotonic() > deadline:
            return False
        with suppress(redis.RedisError, OperationalError):
            send_purge(valkey)
        time.sleep(0.3)
    return True


@pytest.mark.timeout(180)
@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_worker_outlives_the_faults_of_redis(
    celery_worker_process: StartWorker, valkey: OwnValkey, pool: str
) -> None:
    worker = celery_worker_process(queues="default", pool=pool, concurrency=1, REDIS_URL=valkey.url)
    assert works(worker, valkey)
    broken = []
    for begin, end in FAULTS.items():
        begin(valkey)
        until = time.monotonic() + LASTS
        while time.monotonic() < until:
            with suppress(redis.RedisError, OperationalError):
                send_purge(valkey)
            time.sleep(0.2)
        end(valkey)
        if not works(worker, valkey):
            broken.append(begin.__name__)
            break
    assert broken == [], worker.log.read_text()[-5000:]
