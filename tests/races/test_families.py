"""A retry and the next rung of the fallback start at the same moment: only one of them sends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.engine.batch import run_batch
from broadcast.errors import NothingToRetry
from broadcast.followup.fallback import fall_back
from broadcast.models import Broadcast, BroadcastMessage
from tenants.models import Tenant
from tests.fixtures.types import MakePeople, SendBroadcast
from tests.races.blocking import DEADLINE, wait_until_blocked
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = 9003
TWO_RUNGS = [{"platform": "TELEGRAM", "text": "One"}, {"platform": "TELEGRAM", "text": "Two"}]


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
    assert fall_back(now=timezone.now()) == 1
    rung = parent.children.get()
    run_batch(lane_id=rung.lanes.get().pk, clock=timezone.now)
    rung.refresh_from_db()
    assert rung.status == "FAILED"
    return parent


def retry(parent: Broadcast) -> bool:
    try:
        lifecycle.retry_failed(
            tenant=parent.tenant,
            broadcast_id=parent.pk,
            actor=None,
            now=timezone.now(),
            include_unreachable=True,
        )
    except NothingToRetry:
        return False
    finally:
        connection.close()
    return True


def next_rung() -> int:
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
        lifecycle.retry_failed(
            tenant=tenant,
            broadcast_id=parent.pk,
            actor=None,
            now=timezone.now(),
            include_unreachable=True,
        )
        assert thread.submit(next_rung).result(DEADLINE) == 0
    assert (next_rung(), underway(tenant)) == (0, 1)


def test_a_retry_waits_for_a_rung_that_starts_and_then_has_nobody_to_retry(
    parent: Broadcast, tenant: Tenant
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 1
            retried = thread.submit(retry, parent)
            wait_until_blocked()
        assert retried.result(DEADLINE) is False
    assert underway(tenant) == 1


def test_a_retry_of_a_rung_waits_for_one_of_its_parent_and_then_has_nobody_to_retry(
    parent: Broadcast, tenant: Tenant
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            lifecycle.retry_failed(
                tenant=tenant,
                broadcast_id=parent.pk,
                actor=None,
                now=timezone.now(),
                include_unreachable=True,
            )
            retried = thread.submit(retry, parent.children.get(kind="FALLBACK"))
            wait_until_blocked()
        assert retried.result(DEADLINE) is False
    assert underway(tenant) == 1
