"""Real workers on a real queue, one of which is killed in mid-batch."""

import signal
from datetime import timedelta

import pytest
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.batch import sweep_batches
from broadcast.models import Batch, Broadcast
from broadcast.moves.finishing import finish_all
from broadcast.tasks import serve
from channels.models import Sender
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.types import MakeBroadcast, MakePeople, StartWorker
from tests.flows.accepted import SLOW, accepted_recipients, assert_accepted_once
from tests.flows.waiting import wait_for, wait_until_sent
from wallet.models import Wallet


@pytest.mark.django_db(transaction=True)
def test_workers_send_a_broadcast_to_its_end(
    celery_worker_process: StartWorker,
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    sandbox: RunningSandbox,
    people: MakePeople,
    draft: MakeBroadcast,
) -> None:
    Sender.objects.update(batch_size=10, lanes=2)
    broadcast = draft(people(95))
    for _ in range(2):
        celery_worker_process(queues="sending")
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    wait_for(lambda: Broadcast.objects.get(pk=broadcast.pk).status == "SENT")
    assert statuses(broadcast) == ["SENT"] * 95
    assert_accepted_once(sandbox, bot, 95)
    assert_books_balance(broadcast)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_mid_batch_sends_nothing_twice(
    celery_worker_process: StartWorker,
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    sandbox: RunningSandbox,
    people: MakePeople,
    draft: MakeBroadcast,
) -> None:
    Sender.objects.update(batch_size=10)
    broadcast = draft([*people(10), *people(10, ending=SLOW), *people(10)])
    worker = celery_worker_process(queues="sending", concurrency=1)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    wait_for(lambda: len(accepted_recipients(sandbox, bot)) > 10)
    worker.process.send_signal(signal.SIGKILL)
    worker.process.wait()
    in_hand = Batch.objects.filter(broadcast=broadcast, settled_at=None)
    in_doubt = sum(len(batch.message_ids) for batch in in_hand if batch.handed_at is not None)
    assert in_doubt > 0

    later = timezone.now() + timedelta(hours=1)
    assert sweep_batches(now=later) == len(in_hand)
    celery_worker_process(queues="sending")
    serve.delay()
    wait_until_sent(broadcast)
    finish_all(now=later + timedelta(hours=1))

    recipients = accepted_recipients(sandbox, bot)
    assert 30 - in_doubt <= len(recipients) == len(set(recipients))
    assert statuses(broadcast).count("UNKNOWN") == in_doubt
    assert Broadcast.objects.get(pk=broadcast.pk).status == "PARTIALLY_SENT"
    assert_books_balance(broadcast)
