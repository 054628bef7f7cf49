"""A worker that is stopped past its lease at each step of a batch, and woken when all is done."""

import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.engine.batch import sweep_batches
from broadcast.engine.checkpoints import Point
from broadcast.models import Batch, Broadcast
from broadcast.tasks import serve
from channels.models import Sender
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.types import MakeBroadcast, MakePeople, StartWorker
from tests.flows.test_killed_worker import SLOW, accepted, wait_for
from tests.workers import Worker
from wallet.models import Wallet

ALL = 30
SIZE = 10
# By the batches of two under way at once whose fence is shut and that are not settled.
UNKNOWN_UNTIL_IT_WAKES = {
    Point.AFTER_FENCE: SIZE,
    Point.MID_REQUESTS: 2 * SIZE,
    Point.AFTER_ANSWERS: 2 * SIZE,
    Point.AFTER_SETTLE: SIZE,
}


def is_stopped(worker: Worker) -> bool:
    state = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


def expire_leases() -> None:
    Batch.objects.filter(settled_at=None).update(lease_expires_at=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", Point)
def test_a_zombie_sends_nothing_twice_and_its_late_answers_count(
    celery_worker_process: StartWorker,
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    sandbox: RunningSandbox,
    people: MakePeople,
    draft: MakeBroadcast,
    tmp_path: Path,
    point: Point,
) -> None:
    Sender.objects.update(batch_size=SIZE)
    # Where two batches are to be under way, the first one's answers take their time.
    ending = SLOW if UNKNOWN_UNTIL_IT_WAKES.get(point) else None
    broadcast = draft([*people(2 * SIZE, ending=ending), *people(ALL - 2 * SIZE)])
    zombie = celery_worker_process(
        queues="sending",
        concurrency=1,
        BROADCAST_CHECKPOINT_DIR=str(tmp_path),
        BATCHES_AT_ONCE="2",
    )
    if point != Point.MID_REQUESTS:
        (tmp_path / point.value).write_text("STOP")
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    if point == Point.MID_REQUESTS:
        wait_for(lambda: len(accepted(sandbox, bot)) > SIZE)
        zombie.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: is_stopped(zombie))

    expire_leases()
    sweep_batches(now=timezone.now())
    celery_worker_process(queues="sending", concurrency=1)
    serve.delay()
    wait_for(lambda: not {"PENDING", "SENDING"} & set(statuses(broadcast)))
    assert statuses(broadcast).count("UNKNOWN") == UNKNOWN_UNTIL_IT_WAKES.get(point, 0)

    os.kill(zombie.process.pid, signal.SIGCONT)
    wait_for(lambda: set(statuses(broadcast)) == {"SENT"})
    wait_for(lambda: Broadcast.objects.get(pk=broadcast.pk).status == "SENT")
    zombie.stop()
    to = accepted(sandbox, bot)
    assert len(to) == len(set(to)) == ALL
    assert_books_balance(broadcast)


@pytest.mark.django_db(transaction=True)
def test_one_that_was_stopped_before_and_after_the_fence_begins_nothing_after_its_sweep(
    celery_worker_process: StartWorker,
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    sandbox: RunningSandbox,
    people: MakePeople,
    draft: MakeBroadcast,
    tmp_path: Path,
    settings: Settings,
) -> None:
    """RESEND: what the sweep takes back goes out by another worker, so each late request shows."""
    Sender.objects.update(batch_size=SIZE)
    broadcast = draft(people(SIZE), unknown_policy="RESEND")
    zombie = celery_worker_process(
        queues="sending", concurrency=1, BROADCAST_CHECKPOINT_DIR=str(tmp_path)
    )
    (tmp_path / Point.AFTER_CLAIM.value).write_text("STOP")
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    wait_for(lambda: is_stopped(zombie))

    # As if it had been stopped for all of its lease but one request's time-out.
    left = timedelta(seconds=settings.PROVIDER_TIMEOUT)
    Batch.objects.filter(settled_at=None).update(lease_expires_at=timezone.now() + left)
    (tmp_path / Point.AFTER_FENCE.value).write_text("STOP")
    os.kill(zombie.process.pid, signal.SIGCONT)
    wait_for(lambda: Batch.objects.filter(handed_at__isnull=False).exists() and is_stopped(zombie))

    expire_leases()
    sweep_batches(now=timezone.now())
    celery_worker_process(queues="sending", concurrency=1)
    serve.delay()
    wait_for(lambda: set(statuses(broadcast)) == {"SENT"})
    os.kill(zombie.process.pid, signal.SIGCONT)
    zombie.stop()
    to = accepted(sandbox, bot)
    assert len(to) == len(set(to)) == SIZE
    assert_books_balance(broadcast)
