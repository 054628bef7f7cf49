"""Parks receipts of unknown messages, and applies each once its message is known."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from broadcast.followup.receipts import apply_receipts
from channels.models import ProviderApp
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import FailureCause
from inbound.models import ParkedReceipt
from postgres.one_by_one import one_by_one

KEPT_FOR = timedelta(days=7)
"""Then a receipt is dropped: its message was probably sent by another system."""
FRESH = timedelta(minutes=2)
"""Age up to which every run retries a receipt: its batch settles long before."""
FRESH_AT_ONCE = 5000
"""Fresh receipts in one run."""
OLD_AT_ONCE = 1000
"""Older receipts in one run: those tried longest ago, so that none starves."""


def park(*, app: ProviderApp, receipts: Iterable[Receipt], now: datetime) -> None:
    """Store receipts whose message is unknown; a repeated receipt is stored once."""
    ParkedReceipt.objects.bulk_create(
        (
            ParkedReceipt(
                app=app,
                provider_message_id=receipt.provider_message_id[:200],
                status=receipt.status.value,
                at=receipt.at,
                code=receipt.code[:64],
                provider_code=receipt.provider_code[:64],
                message=receipt.message[:500],
                opted_out=receipt.opted_out,
                cause=receipt.cause.value,
                holds_sender_for=receipt.holds_sender_for,
                parked_at=now,
                tried_at=now,
            )
            for receipt in receipts
            if receipt.provider_message_id
        ),
        ignore_conflicts=True,
    )


def apply_parked(*, now: datetime) -> int:
    """Retry parked receipts and drop the old ones; returns how many found their message."""
    ParkedReceipt.objects.filter(parked_at__lt=now - KEPT_FOR).delete()
    rows_by_tenant: dict[UUID, list[ParkedReceipt]] = defaultdict(list)
    for row in _due(now):
        rows_by_tenant[row.app.tenant_id].append(row)
    return one_by_one(
        rows_by_tenant,
        lambda tenant_id: _apply(tenant_id, rows_by_tenant[tenant_id], now=now),
    )


def _due(now: datetime) -> list[ParkedReceipt]:
    parked = ParkedReceipt.objects.select_related("app")
    fresh = parked.filter(parked_at__gte=now - FRESH).order_by("id")[:FRESH_AT_ONCE]
    old = parked.filter(parked_at__lt=now - FRESH).order_by("tried_at")[:OLD_AT_ONCE]
    return [*fresh, *old]


def _apply(tenant_id: UUID, rows: list[ParkedReceipt], *, now: datetime) -> int:
    # Committed before the attempt, else a failing receipt would come first in every run.
    ParkedReceipt.objects.filter(pk__in=[row.pk for row in rows]).update(tried_at=now)
    with transaction.atomic():
        locked: list[Receipt] = []
        unplaced = apply_receipts(
            tenant_id=tenant_id,
            receipts=[_receipt(row) for row in rows],
            now=now,
            locked=locked,
        )
        waiting = {
            (receipt.provider_message_id, receipt.status.value) for receipt in [*unplaced, *locked]
        }
        placed = [row.pk for row in rows if (row.provider_message_id, row.status) not in waiting]
        ParkedReceipt.objects.filter(pk__in=placed).delete()
    return len(placed)


def _receipt(row: ParkedReceipt) -> Receipt:
    return Receipt(
        status=ReceiptStatus(row.status),
        at=row.at,
        provider_message_id=row.provider_message_id,
        code=row.code,
        provider_code=row.provider_code,
        message=row.message,
        opted_out=row.opted_out,
        cause=FailureCause(row.cause),
        holds_sender_for=row.holds_sender_for,
    )
