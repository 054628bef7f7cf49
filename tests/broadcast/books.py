"""What every test of the engine may ask: where the rows are, and whether all adds up."""

from datetime import datetime

from broadcast import lifecycle
from broadcast.engine.claiming import claim
from broadcast.lanes.lanes import take_lane
from broadcast.models import Batch, Broadcast, BroadcastCounters, BroadcastMessage
from channels.models import Sender
from tenants.models import Tenant
from tests.fixtures.sending import PLENTY
from wallet.models import LedgerEntry, Wallet


def statuses(broadcast: Broadcast) -> list[str]:
    return list(broadcast.messages.order_by("seq").values_list("status", flat=True))


def assert_books_balance(broadcast: Broadcast) -> None:
    """Counters equal rows; the ledger equals the rows' money."""
    broadcast.counters.refresh_from_db()
    rows = statuses(broadcast)
    assert broadcast.counters.by_status() == {
        name: rows.count(name.upper()) for name in broadcast.counters.by_status()
    }
    assert broadcast.counters.total == len(rows)
    wallet = Wallet.objects.get(tenant=broadcast.tenant)
    entries = LedgerEntry.objects.filter(wallet=wallet)
    assert wallet.balance == sum(each.balance_delta for each in entries)
    assert wallet.held == sum(each.held_delta for each in entries)
    charged = broadcast.messages.values_list("charge_state", "price")
    assert wallet.held == sum(price for state, price in charged if state == "HELD")
    assert PLENTY - wallet.balance == sum(price for state, price in charged if state == "CAPTURED")


def claimed_batch(tenant: Tenant, broadcast: Broadcast, sender: Sender, now: datetime) -> Batch:
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING")
    lane = broadcast.lanes.get()
    assert take_lane(lane=lane, sender=sender, now=now)
    broadcast.refresh_from_db()
    claimed = claim(broadcast=broadcast, lane=lane, sender=sender, now=now)
    assert claimed is not None
    return Batch.objects.get(pk=claimed.batch_id)


def assert_all_adds_up(broadcast: Broadcast) -> None:
    """Its counters equal its rows; the wallet equals the rows of all its tenant's broadcasts."""
    rows = statuses(broadcast)
    by_status = BroadcastCounters.objects.get(pk=broadcast.pk).by_status()
    assert by_status == {name: rows.count(name.upper()) for name in by_status}
    charged = BroadcastMessage.objects.filter(tenant=broadcast.tenant).values_list(
        "charge_state", "price"
    )
    wallet = Wallet.objects.get(tenant=broadcast.tenant)
    assert wallet.held == sum(price for state, price in charged if state == "HELD")
    assert PLENTY - wallet.balance == sum(price for state, price in charged if state == "CAPTURED")
