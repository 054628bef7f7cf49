"""Applies stored events in blocks; one that cannot be applied never holds up the rest."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from broadcast.receipts import apply_receipts
from channels.adapter import InboundEvent, OptChange, Receipt, ReceiptStatus, Reply
from channels.models import ProviderApp
from channels.registry import adapter_for
from contacts.models import SuppressionScope, SuppressionSource
from contacts.suppressions import lift, suppress
from inbound.models import EventStatus, ParkedReceipt, ProviderEvent

BLOCK = 200
"""Events in one transaction: Meta puts up to some hundred receipts into each."""
MAX_ATTEMPTS = 5
KEPT_FOR = timedelta(days=7)
PARKED_AT_ONCE = 1000

log = structlog.get_logger(__name__)


def apply_block(*, now: datetime) -> int:
    """Apply the oldest stored events of one app, at most a block; how many were taken on.

    One app a transaction: its broadcasts' counters are locked in order of id.
    """
    with transaction.atomic():
        to_do = ProviderEvent.objects.select_for_update(of=("self",), skip_locked=True).filter(
            status=EventStatus.STORED
        )
        oldest = to_do.order_by("id").first()
        if oldest is None:
            return 0
        events = list(to_do.select_related("app").filter(app=oldest.app_id).order_by("id")[:BLOCK])
        _apply_together(events, now)
    return len(events)


def _apply_together(events: Sequence[ProviderEvent], now: datetime) -> None:
    """All at once; where that fails, one by one, so that only the bad one is set aside."""
    try:
        with transaction.atomic():
            _apply(events, now)
    except Exception as error:  # noqa: BLE001 - whatever one event does, the others go on
        if len(events) > 1:
            for event in events:
                _apply_together([event], now)
            return
        _set_aside(events[0], error)


def _apply(events: Sequence[ProviderEvent], now: datetime) -> None:
    app = events[0].app
    adapter = adapter_for(app.provider)
    said: list[InboundEvent] = []
    for event in events:
        said += adapter.parse(bytes(event.body), received_at=event.received_at)
    _receipts(app, [each for each in said if isinstance(each, Receipt)], now)
    for each in said:
        if isinstance(each, OptChange):
            _opt_change(app, each, now)
        elif isinstance(each, Reply):
            log.info("reply_received", tenant=str(app.tenant_id), app=str(app.pk))
    ids = [event.pk for event in events]
    ProviderEvent.objects.filter(pk__in=ids).update(status=EventStatus.APPLIED, applied_at=now)


def _set_aside(event: ProviderEvent, error: Exception) -> None:
    event.attempts += 1
    event.error = f"{type(error).__name__}: {error}"[:500]
    if event.attempts >= MAX_ATTEMPTS or isinstance(error, ValueError):
        event.status = EventStatus.FAILED
    event.save(update_fields=("attempts", "error", "status"))
    log.warning("event_not_applied", event_id=str(event.pk), error_type=type(error).__name__)


def _receipts(app: ProviderApp, receipts: list[Receipt], now: datetime) -> None:
    if not receipts:
        return
    unplaced = apply_receipts(tenant_id=app.tenant_id, receipts=receipts, now=now)
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
                parked_at=now,
            )
            for each in unplaced
            if each.provider_message_id
        ),
        ignore_conflicts=True,
    )


def _opt_change(app: ProviderApp, change: OptChange, now: datetime) -> None:
    platform = change.platform or _platform(app)
    if not change.opted_out:
        lift(tenant_id=app.tenant_id, platform=platform, address=change.address, now=now)
        return
    suppress(
        tenant_id=app.tenant_id,
        platform=platform,
        address=change.address,
        scope=SuppressionScope.MARKETING if change.marketing_only else SuppressionScope.ALL,
        source=SuppressionSource.RECIPIENT,
        reason=change.reason,
        now=now,
    )


def _platform(app: ProviderApp) -> str:
    (platform,) = adapter_for(app.provider).platforms
    return platform.value


def apply_parked(*, now: datetime) -> int:
    """Try parked receipts again, newest first; drop the old. How many found their message."""
    ParkedReceipt.objects.filter(parked_at__lt=now - KEPT_FOR).delete()
    placed = 0
    parked = ParkedReceipt.objects.select_related("app").order_by("-id")[:PARKED_AT_ONCE]
    by_tenant: dict[UUID, list[ParkedReceipt]] = {}
    for each in parked:
        by_tenant.setdefault(each.app.tenant_id, []).append(each)
    for tenant_id, rows in by_tenant.items():
        with transaction.atomic():
            unplaced = apply_receipts(
                tenant_id=tenant_id, receipts=[_receipt(row) for row in rows], now=now
            )
            still = {(each.provider_message_id, each.status.value) for each in unplaced}
            done = [row.pk for row in rows if (row.provider_message_id, row.status) not in still]
            ParkedReceipt.objects.filter(pk__in=done).delete()
            placed += len(done)
    return placed


def _receipt(row: ParkedReceipt) -> Receipt:
    return Receipt(
        status=ReceiptStatus(row.status),
        at=row.at,
        provider_message_id=row.provider_message_id,
        code=row.code,
        provider_code=row.provider_code,
        message=row.message,
    )
