"""Receipts for several broadcasts in one block keep the house's lock order."""

import threading
from datetime import datetime

import pytest
from django.db import connection, connections, transaction

from broadcast.followup.receipts import apply_receipts
from broadcast.moves.messages import lock_counters
from channels.port.events import Receipt, ReceiptStatus
from tenants.models import Tenant
from tests.fixtures.types import MakePeople, SendBroadcast
from wallet.models import Wallet


@pytest.mark.django_db(transaction=True)
def test_receipts_of_two_broadcasts_do_not_deadlock_with_a_batch_of_one(
    rich: Wallet,
    tenant: Tenant,
    now: datetime,
    people: MakePeople,
    sent: SendBroadcast,
) -> None:
    """A batch holds the second's counters and wants the wallet, in between the receipts' locks."""
    first, second = sorted((sent(people(2)) for _ in range(2)), key=lambda each: each.pk)
    receipts = [
        Receipt(ReceiptStatus.FAILED, now, "", message_id=message.pk, code="undeliverable")
        for broadcast in (first, second)
        for message in broadcast.messages.all()
    ]
    has_counters = threading.Event()
    waits_for_us = threading.Event()
    failures: list[BaseException] = []

    def batch_of_the_second() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                lock_counters(second.pk)
                has_counters.set()
                assert waits_for_us.wait(10)
                cursor.execute("SELECT FROM wallet_wallet WHERE id = %s FOR UPDATE", [rich.pk])
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            failures.append(error)
        finally:
            connections.close_all()

    def look_until_the_receipts_wait() -> None:
        try:
            with connection.cursor() as cursor:
                for _ in range(1000):
                    cursor.execute(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                        "AND wait_event_type = 'Lock'"
                    )
                    if cursor.fetchone()[0]:
                        break
                    waits_for_us.wait(0.01)
        finally:
            waits_for_us.set()
            connections.close_all()

    batch = threading.Thread(target=batch_of_the_second)
    batch.start()
    assert has_counters.wait(10)
    watcher = threading.Thread(target=look_until_the_receipts_wait)
    watcher.start()
    with transaction.atomic():
        assert apply_receipts(tenant_id=tenant.pk, receipts=receipts, now=now) == []
    batch.join()
    watcher.join()

    assert failures == []
    for broadcast in (first, second):
        assert set(broadcast.messages.values_list("status", "charge_state")) == {
            ("FAILED", "REFUNDED")
        }
