"""Real workers on a real queue, and one that is killed in mid-batch."""

import json
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.request import urlopen

import pytest
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.batch import sweep_batches
from broadcast.models import Batch, Broadcast
from broadcast.moves.finishing import finish_all
from broadcast.tasks import serve
from channels.models import Sender
from contacts.models import Contact
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.workers import Worker
from wallet.models import Wallet

SLOW = 9008
"""The sandbox's ending of those whom it accepts at once and answers late."""
DEADLINE = 30.0


def accepted(sandbox: RunningSandbox, bot: Sender) -> list[str]:
    """Whom the sandbox accepted messages for from this bot, once for each."""
    url = f"{sandbox.base_url}/_sandbox/accepted?account={bot.account_id}&limit=1000"
    with urlopen(url) as answer:  # noqa: S310 - a server of this test
        return [each["to"] for each in json.load(answer)["results"]]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_workers_send_a_broadcast_to_its_end(
    celery_worker_process: Callable[..., Worker],
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    sandbox: RunningSandbox,
    people: Callable[..., list[Contact]],
    draft: Callable[..., Broadcast],
) -> None:
    Sender.objects.update(batch_size=10, lanes=2)
    broadcast = draft(people(95))
    for _ in range(2):
        celery_worker_process(queues="sending")
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    wait_for(lambda: Broadcast.objects.get(pk=broadcast.pk).status == "SENT")
    assert statuses(broadcast) == ["SENT"] * 95
    to = accepted(sandbox, bot)
    assert len(to) == len(set(to)) == 95
    assert_books_balance(broadcast)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_mid_batch_sends_nothing_twice(
    celery_worker_process: Callable[..., Worker],
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    sandbox: RunningSandbox,
    people: Callable[..., list[Contact]],
    draft: Callable[..., Broadcast],
) -> None:
    Sender.objects.update(batch_size=10)
    broadcast = draft([*people(10), *people(10, ending=SLOW), *people(10)])
    worker = celery_worker_process(queues="sending", concurrency=1)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    wait_for(lambda: len(accepted(sandbox, bot)) > 10)
    worker.process.send_signal(signal.SIGKILL)
    worker.process.wait()
    in_hand = Batch.objects.filter(broadcast=broadcast, settled_at=None)
    in_doubt = sum(len(each.message_ids) for each in in_hand if each.handed_at is not None)
    assert in_doubt > 0

    later = timezone.now() + timedelta(hours=1)
    assert sweep_batches(now=later) == len(in_hand)
    celery_worker_process(queues="sending")
    serve.delay()
    wait_for(lambda: not {"PENDING", "SENDING"} & set(statuses(broadcast)))
    finish_all(now=later + timedelta(hours=1))

    to = accepted(sandbox, bot)
    assert 30 - in_doubt <= len(to) == len(set(to))
    assert statuses(broadcast).count("UNKNOWN") == in_doubt
    assert Broadcast.objects.get(pk=broadcast.pk).status == "PARTIALLY_SENT"
    assert_books_balance(broadcast)
