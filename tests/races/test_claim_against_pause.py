"""A claim that waits while its broadcast is paused, cancelled or expires claims nothing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from broadcast import lifecycle
from broadcast.engine.claiming import Claim, claim
from broadcast.models import Batch, Broadcast
from broadcast.moves.messages import lock_counters
from channels.models import Sender
from tests.broadcast.books import statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from tests.races.blocking import DEADLINE, wait_until_blocked
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def going(
    rich: Wallet, bot: Sender, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> Broadcast:
    broadcast = draft(people(5))
    lifecycle.send(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=now)
    Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING")
    return Broadcast.objects.get(pk=broadcast.pk)


@contextmanager
def a_claim_that_waits(broadcast: Broadcast, now: datetime) -> Iterator[list[Claim | None]]:
    """A claim that waits for the transaction of the block; after it the list has its result."""
    results: list[Claim | None] = []

    def claim_and_close() -> None:
        try:
            assert broadcast.sender is not None
            lane = broadcast.lanes.get()
            results.append(claim(broadcast=broadcast, lane=lane, sender=broadcast.sender, now=now))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            yield results
            claiming = thread.submit(claim_and_close)
            wait_until_blocked()
        claiming.result(DEADLINE)


@pytest.mark.parametrize("halt", [lifecycle.pause, lifecycle.cancel])
def test_whoever_waited_for_a_halt_claims_nothing(
    going: Broadcast, now: datetime, halt: Callable[..., object]
) -> None:
    with a_claim_that_waits(going, now) as results:
        halt(tenant=going.tenant, broadcast_id=going.pk, now=now)
    assert results == [None]
    assert not Batch.objects.exists()
    assert set(statuses(going)) <= {"PENDING", "CANCELLED"}


def test_whoever_waited_for_the_counters_of_one_that_is_over_claims_nothing(
    going: Broadcast, now: datetime
) -> None:
    with a_claim_that_waits(going, now) as results:
        lock_counters(going.pk)
        Broadcast.objects.filter(pk=going.pk).update(expires_at=now - timedelta(seconds=1))
    assert results == [None]
    assert not Batch.objects.exists()


def test_whoever_waited_for_a_resume_claims(going: Broadcast, now: datetime) -> None:
    lifecycle.pause(tenant=going.tenant, broadcast_id=going.pk, now=now)
    with a_claim_that_waits(going, now) as results:
        lifecycle.resume(tenant=going.tenant, broadcast_id=going.pk, now=now)
    assert [claimed is not None for claimed in results] == [True]
