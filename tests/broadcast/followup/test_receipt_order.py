"""Receipts in every order, in one block or one by one, end in the same status and charge."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import combinations, permutations

import pytest

from broadcast import lifecycle
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Broadcast, BroadcastCounters, BroadcastMessage
from broadcast.states import RECEIPT_RANK, MessageStatus
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance
from tests.fixtures.sending import PLENTY, PRICE
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

S = ReceiptStatus
ORDERS = [
    order
    for size in range(1, len(ReceiptStatus) + 1)
    for selection in combinations(ReceiptStatus, size)
    for order in permutations(selection)
]
"""All 64 orders: every selection of the four statuses, in every order."""
AWAITING = ("SENDING", "UNKNOWN")


def receipts_for(message: BroadcastMessage, order: Sequence[S], now: datetime) -> list[Receipt]:
    provider_message_id = f"wamid.{message.seq}"
    return [Receipt(status, now, provider_message_id, message_id=message.pk) for status in order]


def is_charged(order: Sequence[S]) -> bool:
    """A failed message costs nothing, unless a receipt before the failure said that it arrived."""
    before = order[: order.index(S.FAILED)] if S.FAILED in order else order
    return S.FAILED not in order or S.DELIVERED in before or S.READ in before


@pytest.fixture
def waiting(
    rich: Wallet,
    tenant: Tenant,
    draft: MakeBroadcast,
    people: MakePeople,
    bot: Sender,
    now: datetime,
) -> Broadcast:
    """A broadcast with one message for every order."""
    broadcast = draft(people(len(ORDERS)))
    return lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)


def put(broadcast: Broadcast, status: str) -> list[BroadcastMessage]:
    """Sets the status of all its messages, as if they were handed over and not answered."""
    Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING")
    broadcast.messages.update(status=status)
    counts = {"pending": 0, status.lower(): len(ORDERS)}
    BroadcastCounters.objects.filter(broadcast=broadcast).update(**counts)
    return list(broadcast.messages.order_by("seq"))


@pytest.mark.parametrize("status", AWAITING)
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_one_by_one_the_highest_wins_and_the_wallet_follows(
    waiting: Broadcast, now: datetime, status: str, times: int
) -> None:
    messages = put(waiting, status)
    for message, order in zip(messages, ORDERS, strict=True):
        for receipt in receipts_for(message, order, now):
            for _ in range(times):
                apply_receipts(tenant_id=waiting.tenant_id, receipts=[receipt], now=now)
    charged = 0
    for message, order in zip(messages, ORDERS, strict=True):
        message.refresh_from_db()
        assert message.status == highest(order), order
        assert (message.charge_state == "CAPTURED") is is_charged(order), order
        charged += is_charged(order)
    assert_books_balance(waiting)
    wallet = Wallet.objects.get(tenant=waiting.tenant)
    assert (wallet.balance, wallet.held) == (PLENTY - charged * PRICE, Decimal(0))


@pytest.mark.parametrize("status", AWAITING)
def test_all_in_one_block_the_highest_wins(waiting: Broadcast, now: datetime, status: str) -> None:
    messages = put(waiting, status)
    block = [
        receipt
        for message, order in zip(messages, ORDERS, strict=True)
        for receipt in receipts_for(message, order, now)
    ]
    apply_receipts(tenant_id=waiting.tenant_id, receipts=block, now=now)
    for message, order in zip(messages, ORDERS, strict=True):
        message.refresh_from_db()
        assert message.status == highest(order), order
        # Receipts of one block count as simultaneous: only a message that ends FAILED is free.
        assert (message.charge_state == "CAPTURED") is (highest(order) != "FAILED"), order
    assert_books_balance(waiting)


def highest(order: Sequence[S]) -> str:
    return max((MessageStatus(status.value) for status in order), key=RECEIPT_RANK.__getitem__)
