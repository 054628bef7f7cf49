"""A broadcast that fails or is locked never delays the other broadcasts of the same run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from structlog.testing import capture_logs

from broadcast import lifecycle
from broadcast.control.auto_pausing import pause_for_tenants
from broadcast.engine import batch as sending
from broadcast.engine.batch import sweep_batches
from broadcast.engine.claiming import shut_fence
from broadcast.models import Batch, Broadcast
from broadcast.moves.broadcasts import locked
from broadcast.moves.messages import lock_counters
from channels.models import Sender
from contacts.models import Contact
from postgres.one_by_one import one_by_one
from tenants.models import Tenant
from tests.broadcast.books import claimed_batch, statuses
from wallet.models import Wallet

People = Callable[..., list[Contact]]
MakeBroadcast = Callable[..., Broadcast]

pytestmark = pytest.mark.django_db

SOON = 8.0
"""Seconds; a frozen process keeps its locks for 30."""


def test_batches_are_swept_beside_one_that_cannot_be(
    rich: Wallet, tenant: Tenant, bot: Sender, people: People, draft: MakeBroadcast, now: datetime
) -> None:
    broadcasts = [draft(people(1)) for _ in range(3)]
    for broadcast in broadcasts:
        assert shut_fence(batch_id=claimed_batch(tenant, broadcast, bot, now).pk)
    Broadcast.objects.filter(pk=broadcasts[1].pk).update(hold_revision=99, unknown_policy="FAIL")
    assert sweep_batches(now=now + timedelta(hours=1)) == 2
    assert all_statuses(broadcasts) == [
        ["UNKNOWN"],
        ["SENDING"],
        ["UNKNOWN"],
    ]


def test_the_batches_that_wait_longest_are_swept_first(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: People,
    draft: MakeBroadcast,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broadcasts = [draft(people(1)) for _ in range(3)]
    for broadcast, age in zip(broadcasts, (3, 1, 2), strict=True):
        batch = claimed_batch(tenant, broadcast, bot, now)
        Batch.objects.filter(pk=batch.pk).update(lease_expires_at=now - timedelta(hours=age))
    monkeypatch.setattr(sending, "SWEPT_AT_ONCE", 2)
    assert sweep_batches(now=now) == 2
    assert all_statuses(broadcasts) == [
        ["PENDING"],
        ["SENDING"],
        ["PENDING"],
    ]


def all_statuses(broadcasts: list[Broadcast]) -> list[list[str]]:
    return [statuses(broadcast) for broadcast in broadcasts]


def run(sql: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return 1


def test_an_item_that_takes_too_long_holds_up_no_other() -> None:
    too_long = "SET LOCAL statement_timeout = 10; SELECT pg_sleep(30)"
    assert one_by_one([too_long, "SELECT 1"], run) == 1


def in_a_thread(look: Callable[..., int], now: datetime) -> int:
    try:
        return look(now=now)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_what_a_frozen_process_holds_is_left_to_the_next_look(
    rich: Wallet, tenant: Tenant, bot: Sender, people: People, draft: MakeBroadcast, now: datetime
) -> None:
    broadcasts = [draft(people(1)) for _ in range(3)]
    for broadcast in broadcasts:
        assert shut_fence(batch_id=claimed_batch(tenant, broadcast, bot, now).pk)
    later = now + timedelta(hours=1)
    with ThreadPoolExecutor(1) as thread, transaction.atomic(), capture_logs() as logs:
        lock_counters(broadcasts[1].pk)
        assert thread.submit(in_a_thread, sweep_batches, later).result(SOON) == 2
    assert [(line["event"], line["log_level"]) for line in logs] == [("locked_row_skipped", "info")]
    assert all_statuses(broadcasts) == [["UNKNOWN"], ["SENDING"], ["UNKNOWN"]]
    assert sweep_batches(now=later) == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_paused_by_a_look_is_paused_beside_what_a_frozen_process_holds(
    rich: Wallet, tenant: Tenant, people: People, draft: MakeBroadcast, now: datetime
) -> None:
    broadcasts = [draft(people(1)) for _ in range(3)]
    for broadcast in broadcasts:
        lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    Tenant.objects.update(is_active=False)
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        locked(tenant, broadcasts[1].pk)
        assert thread.submit(in_a_thread, pause_for_tenants, now).result(SOON) == 2
    paused = Broadcast.objects.exclude(paused_at=None).order_by("id")
    assert list(paused.values_list("pk", flat=True)) == [broadcasts[0].pk, broadcasts[2].pk]
    assert pause_for_tenants(now=now) == 1


def patience() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return str(cursor.fetchone()[0])


def test_the_short_lock_timeout_ends_with_the_run() -> None:
    seen = []

    def look(item: int) -> int:
        seen.append(patience())
        return item

    one_by_one([1], look)
    assert (seen, patience()) == (["1s"], "5s")


def test_an_empty_list_costs_no_statement(
    django_assert_num_queries: Callable[..., AbstractContextManager[None]],
) -> None:
    with django_assert_num_queries(0):
        assert one_by_one([], run) == 0


@pytest.mark.django_db(transaction=True)
def test_a_lost_database_ends_the_run() -> None:
    looked_at = []

    def act(number: int) -> int:
        looked_at.append(number)
        connection.close()
        raise OperationalError

    with pytest.raises(OperationalError):
        one_by_one([1, 2], act)
    assert looked_at == [1]
