"""A zombie: a worker that is stopped past its lease at a step of a batch, and woken at the end."""

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
from tests.flows.accepted import SLOW, accepted_recipients, assert_accepted_once
from tests.flows.waiting import wait_for, wait_until_sent
from tests.workers import Worker
from wallet.models import Wallet

ALL = 30
SIZE = 10
UNKNOWN_UNTIL_IT_WAKES = {
    Point.AFTER_FENCE: SIZE,
    Point.MID_REQUESTS: 2 * SIZE,
    Point.AFTER_ANSWERS: 2 * SIZE,
    Point.AFTER_SETTLE: SIZE,
}
"""Messages of batches with a shut fence and no settlement; two batches are under way at once."""


def is_stopped(worker: Worker) -> bool:
    state = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


def replace_zombie(start_worker: StartWorker) -> None:
    """Expires the leases of its batches, sweeps them and starts another worker."""
    Batch.objects.filter(settled_at=None).update(lease_expires_at=timezone.now())
    sweep_batches(now=timezone.now())
    start_worker(queues="sending", concurrency=1)
    serve.delay()


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
    # Two batches are under way only while the answers to the first are slow.
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
        wait_for(lambda: len(accepted_recipients(sandbox, bot)) > SIZE)
        zombie.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: is_stopped(zombie))

    replace_zombie(celery_worker_process)
    wait_until_sent(broadcast)
    assert statuses(broadcast).count("UNKNOWN") == UNKNOWN_UNTIL_IT_WAKES.get(point, 0)

    os.kill(zombie.process.pid, signal.SIGCONT)
    wait_for(lambda: set(statuses(broadcast)) == {"SENT"})
    wait_for(lambda: Broadcast.objects.get(pk=broadcast.pk).status == "SENT")
    zombie.stop()
    assert_accepted_once(sandbox, bot, ALL)
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
    """With RESEND another worker sends the swept messages: a late request would be a second one."""
    Sender.objects.update(batch_size=SIZE)
    broadcast = draft(people(SIZE), unknown_policy="RESEND")
    zombie = celery_worker_process(
        queues="sending", concurrency=1, BROADCAST_CHECKPOINT_DIR=str(tmp_path)
    )
    (tmp_path / Point.AFTER_CLAIM.value).write_text("STOP")
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    wait_for(lambda: is_stopped(zombie))

    # As if the zombie had been stopped for its whole lease, except the time-out of one request.
    left = timedelta(seconds=settings.PROVIDER_TIMEOUT)
    Batch.objects.filter(settled_at=None).update(lease_expires_at=timezone.now() + left)
    (tmp_path / Point.AFTER_FENCE.value).write_text("STOP")
    os.kill(zombie.process.pid, signal.SIGCONT)
    wait_for(lambda: Batch.objects.filter(handed_at__isnull=False).exists() and is_stopped(zombie))

    replace_zombie(celery_worker_process)
    wait_for(lambda: set(statuses(broadcast)) == {"SENT"})
    os.kill(zombie.process.pid, signal.SIGCONT)
    zombie.stop()
    assert_accepted_once(sandbox, bot, SIZE)
    assert_books_balance(broadcast)
