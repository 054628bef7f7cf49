"""Which stored events are applied next? Those that are due, in the order in which they arrived."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError
from django.db.models import Func, IntegerField, Q, QuerySet

from channels.models import ProviderApp
from inbound.models import EventStatus, ProviderEvent

BLOCK = 500
"""Events in one transaction."""
BLOCK_BYTES = 4_000_000
"""Length of a block's bodies: a Meta event holds up to 1,000 receipts in 3 MB. An event that is
longer is a block of its own."""
LOCKED_AGAIN_AFTER = timedelta(seconds=2)
"""When an event is tried again that needs a locked row."""


class OctetLength(Func):
    """The length of a binary column in bytes, without reading the column."""

    function = "octet_length"
    output_field = IntegerField()


def newest_stored() -> UUID | None:
    """Id of the newest event that waits. Ids are made by PostgreSQL, so its clock orders them."""
    stored = ProviderEvent.objects.filter(status=EventStatus.STORED)
    return stored.order_by("-id").values_list("pk", flat=True).first()


def due_events(now: datetime) -> QuerySet[ProviderEvent]:
    """Locks the events that it returns; those of other workers are passed over."""
    return ProviderEvent.objects.select_for_update(of=("self",), skip_locked=True).filter(
        Q(retry_at=None) | Q(retry_at__lte=now), status=EventStatus.STORED
    )


def oldest_of_one_app(now: datetime, up_to: UUID | None) -> list[ProviderEvent]:
    """The oldest due events of one app, at most BLOCK; events newer than `up_to` are left."""
    due = due_events(now).order_by("id")
    if up_to is not None:
        due = due.filter(pk__lte=up_to)
    oldest = due.defer("body").first()
    if oldest is None:
        return []
    lengths = due.filter(app=oldest.app_id).defer("body").annotate(length=OctetLength("body"))
    ids = _up_to_block_bytes((event.pk, event.length) for event in lengths[:BLOCK])
    events = list(ProviderEvent.objects.filter(pk__in=ids).order_by("id"))
    # Read once: a join would decrypt the app's secrets again for each event.
    app = ProviderApp.objects.select_related("tenant").get(pk=oldest.app_id)
    for event in events:
        event.app = app
    return events


def _up_to_block_bytes(events: Iterable[tuple[UUID, int]]) -> list[UUID]:
    """Ids of the first events whose bodies fit in one block; at least one."""
    ids: list[UUID] = []
    total = 0
    for event_id, length in events:
        total += length
        if ids and total > BLOCK_BYTES:
            break
        ids.append(event_id)
    return ids


def leave_for_later(event_ids: Collection[UUID], now: datetime) -> None:
    """Try these events again soon: a row that they need is locked. It costs no attempt."""
    ProviderEvent.objects.filter(pk__in=event_ids).update(
        status=EventStatus.STORED,
        applied_at=None,
        retry_at=now + LOCKED_AGAIN_AFTER,
        error=OperationalError.__name__,
    )
