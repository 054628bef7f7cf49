"""A retry and the next rung of the fallback start at the same moment: only one of them sends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from broadcast.errors import NothingToRetry
from broadcast.followup.fallback import fall_back
from broadcast.models import Broadcast, BroadcastMessage
from tenants.models import Tenant
from tests.broadcast.batches import run_next_batch_of
from tests.broadcast.followup.ladders import REFUSED, TWO_RUNGS, next_rung, retry
from tests.fixtures.types import MakePeople, SendBroadcast
from tests.races.blocking import DEADLINE, wait_until_blocked
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def parent(
    rich: Wallet,
    settings: Settings,
    people: MakePeople,
    sent: SendBroadcast,
) -> Broadcast:
    """Broadcast and first rung were refused for one recipient; a second rung is left."""
    settings.BROADCAST_UNKNOWN_GRACE = 0
    parent = sent([*people(1), *people(1, ending=REFUSED)], fallback=TWO_RUNGS)
    rung = next_rung(parent)
    run_next_batch_of(rung)
    rung.refresh_from_db()
    assert rung.status == "FAILED"
    return parent


def was_retried(parent: Broadcast) -> bool:
    try:
        retry(parent)
    except NothingToRetry:
        return False
    finally:
        connection.close()
    return True


def fall_back_later() -> int:
    try:
        return fall_back(now=timezone.now() + timedelta(minutes=10))
    finally:
        connection.close()


def underway(tenant: Tenant) -> int:
    """The number of messages that may still reach the recipient."""
    return BroadcastMessage.objects.filter(tenant=tenant, status="PENDING").count()


def test_no_rung_starts_while_a_retry_of_an_earlier_try_does(
    parent: Broadcast, tenant: Tenant
) -> None:
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        retry(parent)
        assert thread.submit(fall_back_later).result(DEADLINE) == 0
    assert (fall_back_later(), underway(tenant)) == (0, 1)


def test_a_retry_waits_for_a_rung_that_starts_and_then_has_nobody_to_retry(
    parent: Broadcast, tenant: Tenant
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 1
            retried = thread.submit(was_retried, parent)
            wait_until_blocked()
        assert retried.result(DEADLINE) is False
    assert underway(tenant) == 1


def test_a_retry_of_a_rung_waits_for_one_of_its_parent_and_then_has_nobody_to_retry(
    parent: Broadcast, tenant: Tenant
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            retry(parent)
            retried = thread.submit(was_retried, parent.children.get(kind="FALLBACK"))
            wait_until_blocked()
        assert retried.result(DEADLINE) is False
    assert underway(tenant) == 1
