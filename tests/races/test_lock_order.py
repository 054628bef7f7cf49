"""A step that waits for a lock holds no lock of a later rank: else this would be a deadlock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from broadcast.engine.claiming import claim
from broadcast.followup.resolving import Decision, resolve_unknown
from broadcast.models import Broadcast
from broadcast.moves.messages import lock_counters
from channels.models import Sender
from contacts.models import Suppression
from tests.broadcast.books import assert_all_adds_up
from tests.fixtures.types import MakeBroadcast, MakePeople
from tests.races.blocking import DEADLINE, wait_until_blocked
from tests.races.movers import cancel, handed_over, settle_batch, sweep_batch
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broadcast(rich: Wallet, people: MakePeople, draft: MakeBroadcast) -> Broadcast:
    Sender.objects.update(batch_size=3)
    return draft(people(6))


def claim_and_release(broadcast: Broadcast) -> None:
    """Claims messages whose recipients have all opted out: the claim itself releases credits."""
    Suppression.objects.bulk_create(
        Suppression(tenant=broadcast.tenant, address=address or "", source="USER")
        for address in broadcast.messages.values_list("address", flat=True)
    )
    assert broadcast.sender is not None
    lane = broadcast.lanes.get()
    claim(broadcast=broadcast, lane=lane, sender=broadcast.sender, now=timezone.now())


def give_up(broadcast: Broadcast) -> None:
    resolve_unknown(
        tenant=broadcast.tenant,
        broadcast_id=broadcast.pk,
        decision=Decision.FAIL,
        actor=None,
        now=timezone.now(),
    )


@pytest.mark.parametrize("step", ["settle", "sweep", "cancel", "claim", "resolve"])
def test_money_comes_after_counters(broadcast: Broadcast, step: str) -> None:
    (batch,) = handed_over(broadcast)
    if step == "resolve":
        sweep_batch(batch)
    steps: dict[str, Callable[[], Any]] = {
        "settle": partial(settle_batch, batch),
        "sweep": partial(sweep_batch, batch),
        "cancel": partial(cancel, broadcast),
        "claim": partial(claim_and_release, broadcast),
        "resolve": partial(give_up, broadcast),
    }

    def run_step() -> None:
        try:
            steps[step]()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            lock_counters(broadcast.pk)
            running = thread.submit(run_step)
            wait_until_blocked()
            Wallet.objects.select_for_update().get(tenant=broadcast.tenant)
        running.result(DEADLINE)
    assert_all_adds_up(broadcast)
