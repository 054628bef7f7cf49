"""Where a broadcast's messages are, and whether its counters and its tenant's money agree."""

from datetime import datetime

from django.db.models import QuerySet

from broadcast import lifecycle
from broadcast.engine.claiming import claim
from broadcast.lanes.lanes import take_lane
from broadcast.models import Batch, Broadcast, BroadcastCounters, BroadcastMessage
from channels.models import Sender
from tenants.models import Tenant
from tests.fixtures.sending import PLENTY
from wallet.models import LedgerEntry, Wallet


def statuses(broadcast: Broadcast) -> list[str]:
    """The statuses of its messages, in the order of their recipients."""
    return list(broadcast.messages.order_by("seq").values_list("status", flat=True))


def assert_books_balance(broadcast: Broadcast) -> None:
    """Counters equal rows; the wallet equals this broadcast's rows alone, and its ledger."""
    _assert_counters_equal_rows(broadcast)
    broadcast.counters.refresh_from_db()
    assert broadcast.counters.total == broadcast.messages.count()
    wallet = Wallet.objects.get(tenant=broadcast.tenant)
    _assert_wallet_equals_rows(wallet, broadcast.messages.all())
    entries = LedgerEntry.objects.filter(wallet=wallet)
    assert wallet.balance == sum(entry.balance_delta for entry in entries)
    assert wallet.held == sum(entry.held_delta for entry in entries)


def assert_all_adds_up(broadcast: Broadcast) -> None:
    """Counters equal rows; the wallet equals the rows of all broadcasts of the tenant."""
    _assert_counters_equal_rows(broadcast)
    wallet = Wallet.objects.get(tenant=broadcast.tenant)
    _assert_wallet_equals_rows(wallet, BroadcastMessage.objects.filter(tenant=broadcast.tenant))


def _assert_counters_equal_rows(broadcast: Broadcast) -> None:
    rows = statuses(broadcast)
    by_status = BroadcastCounters.objects.get(pk=broadcast.pk).by_status()
    assert by_status == {name: rows.count(name.upper()) for name in by_status}


def _assert_wallet_equals_rows(wallet: Wallet, messages: QuerySet[BroadcastMessage]) -> None:
    charges = messages.values_list("charge_state", "price")
    assert wallet.held == sum(price for state, price in charges if state == "HELD")
    assert PLENTY - wallet.balance == sum(price for state, price in charges if state == "CAPTURED")


def claimed_batch(tenant: Tenant, broadcast: Broadcast, sender: Sender, now: datetime) -> Batch:
    """Sends the broadcast and claims its first batch; the fence stays open."""
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING")
    lane = broadcast.lanes.get()
    assert take_lane(lane=lane, sender=sender, now=now)
    broadcast.refresh_from_db()
    claimed = claim(broadcast=broadcast, lane=lane, sender=sender, now=now)
    assert claimed is not None
    return Batch.objects.get(pk=claimed.batch_id)
