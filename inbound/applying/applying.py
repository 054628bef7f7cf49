"""Applies stored events in blocks; one that cannot be applied never holds up the rest."""

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
from channels.port.events import InboundEvent, OptChange, Receipt, Reply, TemplateChange
from channels.providers.partly_read import PartlyRead
from channels.providers.registry import adapter_for
from channels.providers.storable import storable_event
from inbound.applying.aliases import remember, translated
from inbound.applying.opting import OptWish, apply_wish
from inbound.applying.parking import park
from inbound.applying.replies import platform_of, take_reply
from inbound.models import EventStatus, ProviderEvent
from templates_wa.provider.changing import apply_change

BLOCK = 500
"""Events in one transaction: Meta puts up to some hundred receipts into each."""
MAX_ATTEMPTS = 5
RETRY_AFTER = timedelta(seconds=2)
"""Before an event's second attempt; each later one waits four times as long."""
LASTING = (ValueError, DataError)
"""What no column takes now, it will not take later."""

log = structlog.get_logger(__name__)


def newest_stored() -> UUID | None:
    """Of what waits to be applied; by PostgreSQL's clock, whatever the web servers' say."""
    stored = ProviderEvent.objects.filter(status=EventStatus.STORED)
    return stored.order_by("-id").values_list("pk", flat=True).first()


def apply_block(*, now: datetime, up_to: UUID | None = None) -> int:
    """Apply the oldest stored events of one app, at most a block; how many were taken on.

    All at once; where that fails, each in a transaction of its own, so that only the bad one is
    set aside and no lock is held from one to the next. `up_to`: newer ones stay.
    """
    taken: list[UUID] = []
    try:
        with transaction.atomic():
            events = _oldest_of_one_app(now, up_to)
            taken = [event.pk for event in events]
            if events:
                _apply(events, now)
    except Exception as error:
        if not taken:
            raise
        log.warning("block_not_applied", events=len(taken), error_type=type(error).__name__)
        for event_id in taken:
            _apply_alone(event_id, now)
    return len(taken)


def _to_do(now: datetime) -> QuerySet[ProviderEvent]:
    return ProviderEvent.objects.select_for_update(of=("self",), skip_locked=True).filter(
        Q(retry_at=None) | Q(retry_at__lte=now), status=EventStatus.STORED
    )


def _oldest_of_one_app(now: datetime, up_to: UUID | None) -> list[ProviderEvent]:
    to_do = _to_do(now).order_by("id")
    if up_to is not None:
        to_do = to_do.filter(pk__lte=up_to)
    oldest = to_do.first()
    if oldest is None:
        return []
    events = list(to_do.filter(app=oldest.app_id)[:BLOCK])
    # Read once: joined to every event, its secrets would be decrypted as often.
    app = ProviderApp.objects.select_related("tenant").get(pk=oldest.app_id)
    for event in events:
        event.app = app
    return events


def _apply_alone(event_id: UUID, now: datetime) -> None:
    with transaction.atomic():
        event = _to_do(now).select_related("app__tenant").filter(pk=event_id).first()
        if event is None:
            return
        try:
            with transaction.atomic():
                _apply([event], now)
        except Exception as error:  # noqa: BLE001 - a poison event must not stop the others
            _set_aside(event, _apply_parts(event, now) or error, now)


def _apply(events: Sequence[ProviderEvent], now: datetime) -> None:
    app = events[0].app
    said = [(event.pk, each) for event in events for each in _said(event)]
    # First, as what follows locks counters until the commit.
    ids = [event.pk for event in events]
    ProviderEvent.objects.filter(pk__in=ids).update(status=EventStatus.APPLIED, applied_at=now)
    _receipts(app, [each for _, each in said if isinstance(each, Receipt)], now)
    for event_id, each in said:
        _apply_one(app, each, event_id=event_id, now=now)


def _apply_parts(event: ProviderEvent, now: datetime) -> Exception | None:
    """All of a call but what is at fault in it; safe to repeat, as a further attempt does.

    What stopped a part of it that may go through later; None where nothing did.
    """
    try:
        said = _said(event)
    except PartlyRead as partly:
        said = [_as_kept(each, event) for each in partly.events]
    except Exception:  # noqa: BLE001 - it is set aside with this very error
        return None
    receipts = [each for each in said if isinstance(each, Receipt)]
    parts = [
        partial(_receipts, event.app, receipts, now),
        *(partial(_apply_one, event.app, each, event_id=event.pk, now=now) for each in said),
    ]
    passing = None
    for part in parts:
        try:
            with transaction.atomic():
                part()
        except LASTING:
            continue
        except Exception as error:  # noqa: BLE001 - it must not stop the others
            passing = error
    return passing


def _said(event: ProviderEvent) -> list[InboundEvent]:
    adapter = adapter_for(event.app.provider)
    parsed = adapter.webhook.parse(bytes(event.body), received_at=event.received_at)
    return [_as_kept(each, event) for each in parsed]


def _as_kept(said: InboundEvent, event: ProviderEvent) -> InboundEvent:
    return _by_then(storable_event(said), event.received_at)


def _apply_one(app: ProviderApp, said: InboundEvent, *, event_id: UUID, now: datetime) -> None:
    """Receipts come all at once."""
    if isinstance(said, OptChange):
        _opt_change(app, said, event_id=event_id)
    elif isinstance(said, Reply):
        platform = said.platform or platform_of(app, said.account_id)
        take_reply(app=app, event_id=event_id, reply=said, platform=platform, now=now)
    elif isinstance(said, TemplateChange):
        # Beat pauses the broadcasts that are being sent with it.
        apply_change(tenant_id=app.tenant_id, change=said)


def _by_then(said: InboundEvent, received_at: datetime) -> InboundEvent:
    """Dated in the future, it would be the later one of all that is said until then.

    Whole seconds, as most providers count: what is said in the same one comes in its order.
    """
    if said.at <= received_at:
        return said
    return replace(said, at=received_at.replace(microsecond=0))


def _set_aside(event: ProviderEvent, error: Exception, now: datetime) -> None:
    """Its type alone: the text of an exception may quote the body."""
    event.attempts += 1
    event.error = type(error).__name__
    if event.attempts >= MAX_ATTEMPTS or isinstance(error, LASTING):
        event.status = EventStatus.FAILED
    event.retry_at = now + RETRY_AFTER * 4 ** (event.attempts - 1)
    event.save(update_fields=("attempts", "error", "status", "retry_at"))
    log.warning("event_not_applied", event_id=str(event.pk), error_type=event.error)


def _receipts(app: ProviderApp, receipts: list[Receipt], now: datetime) -> None:
    if not receipts:
        return
    remember(app=app, receipts=receipts, now=now)
    unknown = apply_receipts(
        tenant_id=app.tenant_id,
        receipts=receipts,
        now=now,
        rename=lambda unplaced: translated(app=app, receipts=unplaced),
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
