"""Receipts for messages that are not known yet: they wait, and are applied once they are."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from broadcast.followup.receipts import apply_receipts
from channels.models import ProviderApp
from channels.port.events import Receipt, ReceiptStatus
from inbound.models import ParkedReceipt
from postgres.one_by_one import one_by_one

KEPT_FOR = timedelta(days=7)
FRESH = timedelta(minutes=2)
"""A batch settles long before this; a receipt that has waited longer is probably another's."""
FRESH_AT_ONCE = 5000
OLD_AT_ONCE = 1000
"""Of the older ones, those that were tried longest ago: none starves behind the others."""


def park(*, app: ProviderApp, receipts: Iterable[Receipt], now: datetime) -> None:
    """Keep receipts whose message is unknown; one that waits already is not kept twice."""
    ParkedReceipt.objects.bulk_create(
        (
            ParkedReceipt(
                app=app,
                provider_message_id=each.provider_message_id[:200],
                status=each.status.value,
                at=each.at,
                code=each.code[:64],
                provider_code=each.provider_code[:64],
                message=each.message[:500],
                opted_out=each.opted_out,
                parked_at=now,
                tried_at=now,
            )
            for each in receipts
            if each.provider_message_id
        ),
        ignore_conflicts=True,
    )


def apply_parked(*, now: datetime) -> int:
    """Try parked receipts again and drop the old; how many found their message."""
    ParkedReceipt.objects.filter(parked_at__lt=now - KEPT_FOR).delete()
    by_tenant: dict[UUID, list[ParkedReceipt]] = defaultdict(list)
    for row in _due(now):
        by_tenant[row.app.tenant_id].append(row)
    return one_by_one(by_tenant, lambda each: _apply(each, by_tenant[each], now=now))


def _due(now: datetime) -> list[ParkedReceipt]:
    parked = ParkedReceipt.objects.select_related("app")
    fresh = parked.filter(parked_at__gte=now - FRESH).order_by("id")[:FRESH_AT_ONCE]
    old = parked.filter(parked_at__lt=now - FRESH).order_by("tried_at")[:OLD_AT_ONCE]
    return [*fresh, *old]


def _apply(tenant_id: UUID, rows: list[ParkedReceipt], *, now: datetime) -> int:
    # Committed before the attempt: what fails would have the first turn for ever.
    ParkedReceipt.objects.filter(pk__in=[row.pk for row in rows]).update(tried_at=now)
    with transaction.atomic():
        unplaced = apply_receipts(
            tenant_id=tenant_id, receipts=[_receipt(row) for row in rows], now=now
        )
        waiting = {(each.provider_message_id, each.status.value) for each in unplaced}
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
    )
