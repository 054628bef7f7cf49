"""Applies stored events in blocks; an event that fails does not stop the others."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import DataError, OperationalError, transaction
from psycopg2.errors import LockNotAvailable

from broadcast.followup.receipts import apply_receipts
from channels.models import ProviderApp
from channels.port.events import (
    AddressMoved,
    InboundEvent,
    NotUnderstood,
    OptChange,
    Part,
    Receipt,
    Reply,
    TemplateChange,
)
from channels.providers.partly_read import PartlyRead
from channels.providers.registry import adapter_for
from channels.providers.storable import storable_event
from inbound.applying.aliases import store_aliases, stored_ids
from inbound.applying.due_events import due_events, leave_for_later, oldest_of_one_app
from inbound.applying.opting import OptWish, apply_wish
from inbound.applying.parking import park
from inbound.applying.people import move_address, take_people
from inbound.applying.replies import platform_of, take_reply
from inbound.models import EventStatus, ProviderEvent
from postgres.lock_waits import lock_waits_limited
from postgres.passing_errors import is_lock_timeout
from templates_wa.provider.changing import Applied, apply_change

MAX_ATTEMPTS = 5
"""Then an event is FAILED until an operator replays it."""
FIRST_RETRY_AFTER = timedelta(seconds=2)
"""One beat interval: passing errors, such as a deadlock, are often gone by then."""
BACKOFF_FACTOR = 4
"""Each wait is this many times the one before: 2, 8, 32 and 128 s, nearly three minutes in all."""
MAX_NOTES = 20
"""Different notes that one event keeps."""
LOCK_WAIT = 500
"""Milliseconds for which a block waits for each lock."""
MAX_LONG_WAITS = 3
"""Events of a block that are found locked before the rest of the block is left for later."""
LASTING = (ValueError, DataError)
"""Errors that no retry can mend: a column refuses the value."""

log = structlog.get_logger(__name__)


def apply_block(*, now: datetime, up_to: UUID | None = None) -> int:
    """Apply the oldest stored events of one app, at most BLOCK; returns how many were tried.

    All events share one transaction. If it fails, each event runs in a transaction of its own, so
    that only the bad event is set aside and no lock outlives its event. Events newer than `up_to`
    are left for the next run. Events that need a row which another session keeps locked are left
    for a later run, and spend no attempt.
    """
    with lock_waits_limited(LOCK_WAIT):
        return _apply_block(now=now, up_to=up_to)


def _apply_block(*, now: datetime, up_to: UUID | None) -> int:
    event_ids: list[UUID] = []
    try:
        with transaction.atomic():
            events = oldest_of_one_app(now, up_to)
            event_ids = [event.pk for event in events]
            if events:
                _apply(events, now)
    except Exception as error:
        if not event_ids:
            raise
        log.warning("block_not_applied", events=len(event_ids), error_type=type(error).__name__)
        _apply_one_by_one(event_ids, now)
    return len(event_ids)


def _apply_one_by_one(event_ids: Sequence[UUID], now: datetime) -> None:
    """Apply each event in its own transaction; if some were locked, the rest is left for later."""
    locked = 0
    for n, event_id in enumerate(event_ids):
        locked += not _apply_alone(event_id, now)
        if locked >= MAX_LONG_WAITS:
            rest = due_events(now).filter(pk__in=event_ids[n + 1 :])
            with transaction.atomic():
                leave_for_later([event.pk for event in rest], now)
            return


def _apply_alone(event_id: UUID, now: datetime) -> bool:
    """False if the event is left for later, because another session keeps a row locked."""
    try:
        with transaction.atomic():
            event = due_events(now).select_related("app__tenant").filter(pk=event_id).first()
            if event is not None:
                _apply_or_set_aside(event, now)
    except OperationalError as error:
        # Foreign keys are checked at the commit, and wait for locks, too.
        if not is_lock_timeout(error):
            raise
        leave_for_later([event_id], now)
        log.info("event_left_for_later", event_id=str(event_id))
        return False
    return True


def _apply_or_set_aside(event: ProviderEvent, now: datetime) -> None:
    """Raises OperationalError if a row that the event needs is locked."""
    try:
        with transaction.atomic():
            _apply([event], now)
    except Exception as failure:  # noqa: BLE001 - a poison event must not stop the others
        error = _apply_parts(event, now) or failure
        if is_lock_timeout(error):
            raise error from error.__cause__
        _set_aside(event, error, now)


def _apply(events: Sequence[ProviderEvent], now: datetime) -> None:
    app = events[0].app
    changes = [(event.pk, change) for event in events for change in _parsed(event)]
    # First, because the steps below lock counters until the commit.
    ids = [event.pk for event in events]
    ProviderEvent.objects.filter(pk__in=ids).update(status=EventStatus.APPLIED, applied_at=now)
    receipts = [change for _, change in changes if isinstance(change, Receipt)]
    locked = set(map(id, _receipts(app, receipts, now)))
    later = {event_id for event_id, change in changes if id(change) in locked}
    if later:
        # Everything else in these events is applied now, and again later, which changes nothing.
        leave_for_later(later, now)
    # Before the opt-outs below, which then hold for the pairs, too.
    take_people(tenant_id=app.tenant_id, events=[change for _, change in changes], now=now)
    notes: dict[UUID, list[str]] = defaultdict(list)
    for event_id, change in changes:
        if note := _apply_one(app, change, event_id=event_id, now=now):
            notes[event_id].append(note)
    _mark_partly(
        app, {event_id: texts for event_id, texts in notes.items() if event_id not in later}
    )


def _mark_partly(app: ProviderApp, notes: Mapping[UUID, list[str]]) -> None:
    """Mark events with parts that nobody understood, so that they are counted and can be seen."""
    for event_id, texts in notes.items():
        event = ProviderEvent.objects.filter(pk=event_id)
        event.update(status=EventStatus.PARTLY, not_understood=_distinct(texts))
        log.warning("event_partly_understood", event_id=str(event_id), provider=app.provider)


def _distinct(notes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(notes))[:MAX_NOTES]


def _apply_parts(event: ProviderEvent, now: datetime) -> Exception | None:
    """Apply the parts of an event that can be applied. Safe to repeat: a retry does.

    Returns the last error that a retry may mend, else None. Sets the event's `not_understood`.
    """
    try:
        changes = _parsed(event)
    except PartlyRead as error:
        changes = [_normalised(change, event) for change in error.events]
    except Exception:  # noqa: BLE001 - the caller sets the event aside with the same error
        return None
    receipts = [change for change in changes if isinstance(change, Receipt)]
    parts: list[Callable[[], str | None]] = [
        partial(_all_receipts, event.app, receipts, now),
        partial(take_people, tenant_id=event.app.tenant_id, events=changes, now=now),
        *(partial(_apply_one, event.app, change, event_id=event.pk, now=now) for change in changes),
    ]
    passing_error, notes = None, []
    for part in parts:
        try:
            with transaction.atomic():
                notes.append(part() or "")
        except LASTING:
            continue
        except Exception as error:  # noqa: BLE001 - a failing part must not stop the others
            passing_error = error
    event.not_understood = _distinct(filter(None, notes))
    return passing_error


def _parsed(event: ProviderEvent) -> list[InboundEvent]:
    """Everything that the stored call reports."""
    adapter = adapter_for(event.app.provider)
    parsed = adapter.webhook.parse(bytes(event.body), received_at=event.received_at)
    return [_normalised(change, event) for change in parsed]


def _normalised(change: InboundEvent, event: ProviderEvent) -> InboundEvent:
    """The change in a form that our columns take, and not dated in the future."""
    return _clamped(storable_event(change), event.received_at)


def _apply_one(app: ProviderApp, change: InboundEvent, *, event_id: UUID, now: datetime) -> str:
    """Apply one change; returns a note if it was not understood, else ''.

    Receipts and pairs of addresses are left out: they are applied all at once.
    """
    match change:
        case NotUnderstood():
            return str(change)
        case OptChange():
            _opt_change(app, change, event_id=event_id)
        case Reply():
            platform = change.platform or platform_of(app, change.account_id)
            take_reply(app=app, event_id=event_id, reply=change, platform=platform, now=now)
        case TemplateChange():
            # A beat task pauses the broadcasts that are being sent with the template.
            applied = apply_change(tenant_id=app.tenant_id, change=change)
            if applied is Applied.NOT_A_MOVE:
                return str(NotUnderstood(Part.TEMPLATE, change.status, change.at))
        case AddressMoved():
            move_address(tenant_id=app.tenant_id, change=change, now=now)
    return ""


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
    event.save(update_fields=("attempts", "error", "not_understood", "status", "retry_at"))
    log.warning("event_not_applied", event_id=str(event.pk), error_type=event.error)


def _receipts(app: ProviderApp, receipts: list[Receipt], now: datetime) -> list[Receipt]:
    """Apply the receipts; returns those that must wait, as their broadcast is locked."""
    locked: list[Receipt] = []
    if not receipts:
        return locked
    store_aliases(app=app, receipts=receipts, now=now)
    unknown = apply_receipts(
        tenant_id=app.tenant_id,
        receipts=receipts,
        now=now,
        rename=partial(stored_ids, app=app),
        locked=locked,
    )
    if unknown:
        park(app=app, receipts=unknown, now=now)
    return locked


def _all_receipts(app: ProviderApp, receipts: list[Receipt], now: datetime) -> None:
    if _receipts(app, receipts, now):
        raise OperationalError("Some receipts' broadcast is locked.") from LockNotAvailable()


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
