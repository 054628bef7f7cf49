"""A claim that waits for somebody who is just halting its broadcast claims nothing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic, sleep

import pytest
from django.db import connection, transaction

from broadcast import lifecycle
from broadcast.engine.claiming import Claim, claim
from broadcast.models import Batch, Broadcast
from broadcast.moves.messages import lock_counters
from channels.models import Sender
from tests.broadcast.books import statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from tests.races.movers import DEADLINE
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
    """What it came to, once the transaction around the `with` block's body is over."""
    came_to: list[Claim | None] = []

    def claims() -> None:
        try:
            assert broadcast.sender is not None
            lane = broadcast.lanes.get()
            came_to.append(claim(broadcast=broadcast, lane=lane, sender=broadcast.sender, now=now))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            yield came_to
            begun = thread.submit(claims)
            _until_somebody_waits()
        begun.result(DEADLINE)


def _until_somebody_waits() -> None:
    deadline = monotonic() + DEADLINE
    while monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
        sleep(0.01)
    raise AssertionError("The claim does not wait.")


@pytest.mark.parametrize("halt", [lifecycle.pause, lifecycle.cancel])
def test_whoever_waited_for_a_halt_claims_nothing(
    going: Broadcast, now: datetime, halt: Callable[..., object]
) -> None:
    with a_claim_that_waits(going, now) as came_to:
        halt(tenant=going.tenant, broadcast_id=going.pk, now=now)
    assert came_to == [None]
    assert not Batch.objects.exists()
    assert set(statuses(going)) <= {"PENDING", "CANCELLED"}


def test_whoever_waited_for_the_counters_of_one_that_is_over_claims_nothing(
    going: Broadcast, now: datetime
) -> None:
    with a_claim_that_waits(going, now) as came_to:
        lock_counters(going.pk)
        Broadcast.objects.filter(pk=going.pk).update(expires_at=now - timedelta(seconds=1))
    assert came_to == [None]
    assert not Batch.objects.exists()


def test_whoever_waited_for_a_resume_claims(going: Broadcast, now: datetime) -> None:
    lifecycle.pause(tenant=going.tenant, broadcast_id=going.pk, now=now)
    with a_claim_that_waits(going, now) as came_to:
        lifecycle.resume(tenant=going.tenant, broadcast_id=going.pk, now=now)
    assert [claimed is not None for claimed in came_to] == [True]
