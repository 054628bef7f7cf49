"""Parked receipts are tried tenant by tenant: a lock on one tenant delays no other."""

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from django.db import connection, transaction
from django.utils import timezone

from broadcast.models import Broadcast, BroadcastMessage
from broadcast.moves.messages import lock_counters
from channels.port.events import Receipt, ReceiptStatus
from inbound.applying.parking import FRESH, apply_parked, park
from inbound.models import ParkedReceipt
from tests.factories import ProviderAppFactory, name_message
from tests.flows.waiting import wait_for
from tests.inbound.sent_messages import sent_message
from tests.races.blocking import wait_until_blocked

SOON = 8.0
"""Seconds; a frozen process keeps its locks for 30."""
BEYOND_PATIENCE = 1.5
"""Seconds; a run of the task waits one for a lock."""


def parked(provider_id: str) -> BroadcastMessage:
    """A message of a new tenant. Its receipt came before the message had a provider id."""
    app = ProviderAppFactory.create()
    message = sent_message(tenant=app.tenant)
    receipt = Receipt(ReceiptStatus.DELIVERED, timezone.now(), provider_id)
    park(app=app, receipts=[receipt], now=timezone.now())
    name_message(message, provider_id)
    return message


def applied() -> int:
    try:
        return apply_parked(now=timezone.now())
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_another_tenants_receipts_do_not_wait_for_what_a_frozen_process_holds() -> None:
    held, free = parked("wamid.1"), parked("wamid.2")
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        lock_counters(held.broadcast_id)
        assert thread.submit(applied).result(SOON) == 1
    free.refresh_from_db()
    assert free.status == "DELIVERED"
    assert ParkedReceipt.objects.get().provider_message_id == "wamid.1"
    assert applied() == 1


@pytest.mark.django_db(transaction=True)
def test_what_fails_again_and_again_does_not_take_every_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inbound.applying.parking.OLD_AT_ONCE", 1)
    held, free = parked("wamid.1"), parked("wamid.2")
    ParkedReceipt.objects.update(parked_at=timezone.now() - 2 * FRESH)
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        lock_counters(held.broadcast_id)
        assert [thread.submit(applied).result(SOON) for _ in range(2)] == [0, 1]
    free.refresh_from_db()
    assert free.status == "DELIVERED"


@pytest.mark.django_db(transaction=True)
def test_a_finished_broadcast_is_corrected_however_long_somebody_keeps_it_locked() -> None:
    message = parked("wamid.1")
    finished = Broadcast.objects.filter(pk=message.broadcast_id)
    for status in ("QUEUED", "FAILED"):
        finished.update(status=status)
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            finished.select_for_update().get()
            look = thread.submit(applied)
            wait_until_blocked()
            wait((look,), timeout=BEYOND_PATIENCE)
        assert look.result(SOON) == 1
    wait_for(lambda: finished.get().status == "SENT")
