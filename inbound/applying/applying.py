"""Applies stored events in blocks; an event that fails does not stop the others."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import DataError, transaction
from django.db.models import Q, QuerySet

from broadcast.followup.receipts import apply_receipts
from channels.models import ProviderApp
from channels.port.events import (
    AddressMoved,
    InboundEvent,
    OptChange,
    Receipt,
    Reply,
    TemplateChange,
)
from channels.providers.partly_read import PartlyRead
from channels.providers.registry import adapter_for
from channels.providers.storable import storable_event
from inbound.applying.aliases import renamed_receipts, store_aliases
from inbound.applying.opting import OptWish, apply_wish
from inbound.applying.parking import park
from inbound.applying.people import move_address, take_people
from inbound.applying.replies import platform_of, take_reply
from inbound.models import EventStatus, ProviderEvent
from templates_wa.provider.changing import apply_change

BLOCK = 500
"""Events in one transaction; a Meta event holds up to a few hundred receipts."""
MAX_ATTEMPTS = 5
"""Then an event is FAILED until an operator replays it."""
FIRST_RETRY_AFTER = timedelta(seconds=2)
"""One beat interval: passing errors, such as a deadlock, are often gone by then."""
BACKOFF_FACTOR = 4
"""Each wait is this many times the one before: 2, 8, 32 and 128 s, nearly three minutes in all."""
LASTING = (ValueError, DataError)
"""Errors that no retry can mend: a column refuses the value."""

log = structlog.get_logger(__name__)


def newest_stored() -> UUID | None:
    """Id of the newest event that waits. Ids are made by PostgreSQL, so its clock orders them."""
    stored = ProviderEvent.objects.filter(status=EventStatus.STORED)
    return stored.order_by("-id").values_list("pk", flat=True).first()


def apply_block(*, now: datetime, up_to: UUID | None = None) -> int:
    """Apply the oldest stored events of one app, at most BLOCK; returns how many were tried.

    All events share one transaction. If it fails, each event runs in a transaction of its own, so
    that only the bad event is set aside and no lock outlives its event. Events newer than `up_to`
    are left for the next run.
    """
    event_ids: list[UUID] = []
    try:
        with transaction.atomic():
            events = _oldest_of_one_app(now, up_to)
            event_ids = [event.pk for event in events]
            if events:
                _apply(events, now)
    except Exception as error:
        if not event_ids:
            raise
        log.warning("block_not_applied", events=len(event_ids), error_type=type(error).__name__)
        for event_id in event_ids:
            _apply_alone(event_id, now)
    return len(event_ids)


def _due_events(now: datetime) -> QuerySet[ProviderEvent]:
    return ProviderEvent.objects.select_for_update(of=("self",), skip_locked=True).filter(
        Q(retry_at=None) | Q(retry_at__lte=now), status=EventStatus.STORED
    )


def _oldest_of_one_app(now: datetime, up_to: UUID | None) -> list[ProviderEvent]:
    due = _due_events(now).order_by("id")
    if up_to is not None:
        due = due.filter(pk__lte=up_to)
    oldest = due.first()
    if oldest is None:
        return []
    events = list(due.filter(app=oldest.app_id)[:BLOCK])
    # Read once: a join would decrypt the app's secrets again for each event.
    app = ProviderApp.objects.select_related("tenant").get(pk=oldest.app_id)
    for event in events:
        event.app = app
    return events


def _apply_alone(event_id: UUID, now: datetime) -> None:
    with transaction.atomic():
        event = _due_events(now).select_related("app__tenant").filter(pk=event_id).first()
        if event is None:
            return
        try:
            with transaction.atomic():
                _apply([event], now)
        except Exception as error:  # noqa: BLE001 - a poison event must not stop the others
            _set_aside(event, _apply_parts(event, now) or error, now)


def _apply(events: Sequence[ProviderEvent], now: datetime) -> None:
    app = events[0].app
    changes = [(event.pk, change) for event in events for change in _parsed(event)]
    # First, because the steps below lock counters until the commit.
    ids = [event.pk for event in events]
    ProviderEvent.objects.filter(pk__in=ids).update(status=EventStatus.APPLIED, applied_at=now)
    _receipts(app, [change for _, change in changes if isinstance(change, Receipt)], now)
    # Before the opt-outs below, which then hold for the pairs, too.
    take_people(tenant_id=app.tenant_id, events=[change for _, change in changes], now=now)
    for event_id, change in changes:
        _apply_one(app, change, event_id=event_id, now=now)


def _apply_parts(event: ProviderEvent, now: datetime) -> Exception | None:
    """Apply the parts of an event that can be applied. Safe to repeat: a retry does.

    Returns the last error that a retry may mend, else None.
    """
    try:
        changes = _parsed(event)
    except PartlyRead as error:
        changes = [_normalised(change, event) for change in error.events]
    except Exception:  # noqa: BLE001 - the caller sets the event aside with the same error
        return None
    receipts = [change for change in changes if isinstance(change, Receipt)]
    parts = [
        partial(_receipts, event.app, receipts, now),
        partial(take_people, tenant_id=event.app.tenant_id, events=changes, now=now),
        *(partial(_apply_one, event.app, change, event_id=event.pk, now=now) for change in changes),
    ]
    passing_error = None
    for part in parts:
        try:
            with transaction.atomic():
                part()
        except LASTING:
            continue
        except Exception as error:  # noqa: BLE001 - a failing part must not stop the others
            passing_error = error
    return passing_error


def _parsed(event: ProviderEvent) -> list[InboundEvent]:
    """Everything that the stored call reports."""
    adapter = adapter_for(event.app.provider)
    parsed = adapter.webhook.parse(bytes(event.body), received_at=event.received_at)
    return [_normalised(change, event) for change in parsed]


def _normalised(change: InboundEvent, event: ProviderEvent) -> InboundEvent:
    """The change in a form that our columns take, and not dated in the future."""
    return _clamped(storable_event(change), event.received_at)


def _apply_one(app: ProviderApp, change: InboundEvent, *, event_id: UUID, now: datetime) -> None:
    """Apply one change. Receipts and pairs are left out: they are applied all at once."""
    if isinstance(change, OptChange):
        _opt_change(app, change, event_id=event_id)
    elif isinstance(change, Reply):
        platform = change.platform or platform_of(app, change.account_id)
        take_reply(app=app, event_id=event_id, reply=change, platform=platform, now=now)
    elif isinstance(change, TemplateChange):
        # A beat task pauses the broadcasts that are being sent with the template.
        apply_change(tenant_id=app.tenant_id, change=change)
    elif isinstance(change, AddressMoved):
        move_address(tenant_id=app.tenant_id, change=change, now=now)


def _clamped(change: InboundEvent, received_at: datetime) -> InboundEvent:
    """Clamps a future timestamp to the time of receipt, else it would outrank every later event.

    To the whole second, as most providers count: events of the same second keep their order.
    """
    if change.at <= received_at:
        return change
    return replace(change, at=received_at.replace(microsecond=0))


def _set_aside(event: ProviderEvent, error: Exception, now: datetime) -> None:
    """Plan the event's retry, or mark it FAILED after a lasting error or the last attempt.

    Stores only the error's type: the text of an exception may quote the body.
    """
    event.attempts += 1
    event.error = type(error).__name__
    if event.attempts >= MAX_ATTEMPTS or isinstance(error, LASTING):
        event.status = EventStatus.FAILED
    event.retry_at = now + FIRST_RETRY_AFTER * BACKOFF_FACTOR ** (event.attempts - 1)
    event.save(update_fields=("attempts", "error", "status", "retry_at"))
    log.warning("event_not_applied", event_id=str(event.pk), error_type=event.error)


def _receipts(app: ProviderApp, receipts: list[Receipt], now: datetime) -> None:
    if not receipts:
        return
    store_aliases(app=app, receipts=receipts, now=now)
    unknown = apply_receipts(
        tenant_id=app.tenant_id,
        receipts=receipts,
        now=now,
        rename=lambda unplaced: renamed_receipts(app=app, receipts=unplaced),
    )
    if unknown:
        park(app=app, receipts=unknown, now=now)


def _opt_change(app: ProviderApp, change: OptChange, *, event_id: UUID) -> None:
    wish = OptWish(
        platform=change.platform or platform_of(app, change.account_id),
        address=change.address,
        opted_out=change.opted_out,
        marketing_only=change.marketing_only,
        at=change.at,
        reason=change.reason,
        event_id=event_id,
    )
    apply_wish(tenant_id=app.tenant_id, wish=wish)
