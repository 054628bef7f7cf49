"""Two workers share one sender's limit: it is reached, and no sliding second goes above it.

Only by `pytest -m quiet`: on a busy machine the far end sees messages when it comes to look.
"""

import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from broadcast import lifecycle
from broadcast.models import Broadcast
from broadcast.tasks import revive
from channels.models import Sender
from channels.simulator.running import RunningSimulator
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.books import statuses
from tests.workers import Worker
from wallet.models import Wallet

ENOUGH = 0.95
"""Of the limit, over the whole run."""


def accepted_at(sandbox: RunningSimulator, bot: Sender) -> list[float]:
    records = list(sandbox.sandbox.witness.records)
    return sorted(each.monotonic for each in records if each.account == bot.account_id)


def most_in_a_second(times: list[float]) -> int:
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def rate(times: list[float]) -> float:
    return (len(times) - 1) / (times[-1] - times[0])


@pytest.mark.quiet
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("limit", "messages"), [(1, 6), (30, 200), (80, 500), (1000, 5000)])
def test_two_workers_reach_the_limit_and_never_pass_it(
    celery_worker_process: Callable[..., Worker],
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    sandbox: RunningSimulator,
    people: Callable[..., list[Contact]],
    draft: Callable[..., Broadcast],
    limit: int,
    messages: int,
) -> None:
    Sender.objects.update(messages_per_second=Decimal(limit), lanes=2)
    broadcast = draft(people(messages))
    for _ in range(2):
        celery_worker_process(queues="sending", concurrency=4)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    deadline = time.monotonic() + 30 + 2 * messages / limit
    while {"PENDING", "SENDING"} & set(statuses(broadcast)):
        assert time.monotonic() < deadline, "waited too long"
        revive()
        time.sleep(0.5)
    times = accepted_at(sandbox, bot)
    assert statuses(broadcast) == ["SENT"] * messages
    assert most_in_a_second(times) <= limit
    assert rate(times) >= ENOUGH * limit
