"""Receipts for several broadcasts in one block keep the lock order: counters, then wallets."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection, transaction

from broadcast.followup.receipts import apply_receipts
from broadcast.moves.messages import lock_counters
from channels.port.events import Receipt, ReceiptStatus
from tenants.models import Tenant
from tests.fixtures.types import MakePeople, SendBroadcast
from tests.races.blocking import DEADLINE, wait_until_blocked
from wallet.models import Wallet


@pytest.mark.django_db(transaction=True)
def test_receipts_of_two_broadcasts_do_not_deadlock_with_a_batch_of_one(
    rich: Wallet,
    tenant: Tenant,
    now: datetime,
    people: MakePeople,
    sent: SendBroadcast,
) -> None:
    """A batch locks the second broadcast's counters, then asks for the wallet: no deadlock."""
    first, second = sorted((sent(people(2)) for _ in range(2)), key=lambda broadcast: broadcast.pk)
    receipts = [
        Receipt(ReceiptStatus.FAILED, now, "", message_id=message.pk, code="undeliverable")
        for broadcast in (first, second)
        for message in broadcast.messages.all()
    ]
    has_counters = threading.Event()

    def settle_the_second() -> None:
        try:
            with transaction.atomic():
                lock_counters(second.pk)
                has_counters.set()
                wait_until_blocked()
                Wallet.objects.select_for_update().get(pk=rich.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        batch = thread.submit(settle_the_second)
        assert has_counters.wait(DEADLINE)
        with transaction.atomic():
            assert apply_receipts(tenant_id=tenant.pk, receipts=receipts, now=now) == []
        batch.result(DEADLINE)

    for broadcast in (first, second):
        assert set(broadcast.messages.values_list("status", "charge_state")) == {
            ("FAILED", "REFUNDED")
        }


@pytest.mark.django_db
def test_a_receipt_that_adds_nothing_writes_nothing(
    rich: Wallet, tenant: Tenant, now: datetime, people: MakePeople, sent: SendBroadcast
) -> None:
    """Twilio reports a queued message three times before it says `sent`."""
    message = sent(people(1)).messages.get()

    def version() -> str:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ctid::text FROM broadcast_broadcastmessage WHERE id = %s", [message.pk]
            )
            return str(cursor.fetchone()[0])

    before = version()
    taken = Receipt(ReceiptStatus.SENT, now, "SM1", message_id=message.pk)
    assert apply_receipts(tenant_id=tenant.pk, receipts=[taken], now=now) == []
    assert version() == before
    delivered = Receipt(ReceiptStatus.DELIVERED, now, "SM1", message_id=message.pk)
    assert apply_receipts(tenant_id=tenant.pk, receipts=[delivered], now=now) == []
    assert version() != before
