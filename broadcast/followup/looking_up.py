"""Asks providers that can be asked what became of UNKNOWN messages; each answer is a receipt.

An answer counts only if the provider shows exactly one message that can be ours, and if it can be
none of our others (docs/adr/0022).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection

from broadcast.content.checking import content_of
from broadcast.content.rendering import Renderer
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Broadcast, BroadcastMessage, ProviderMessageId
from channels.delivery.looking_up import look_up_messages, providers_with_look_up
from channels.port.events import HandedOver, Receipt
from postgres.ids import id_at
from tracking.models import TrackedURL

ASKED_AT_ONCE = 20
"""Questions a look, all at the same time: few, as providers count them with what is sent."""
ANSWERED_WITHIN = 10.0
"""Seconds. A worker's thread waits for it, and the next look asks again; no broadcast is begun with
after it."""
CLOCKS_DIFFER = timedelta(seconds=5)
"""How far the provider's clock may be from ours: its times are whole seconds, too."""

log = structlog.get_logger(__name__)

# A look at a silent provider outlasts the time to the next one: one after the other would take all
# threads of a worker that plans and applies receipts, too.
_looking = Lock()

# By its batch, as no index knows a message's status. Chosen by chance: those that are never found
# must not keep the others from being asked for.
WAITING = """
SELECT m.id, a.handed_at, a.lease_expires_at
FROM broadcast_batch a
JOIN broadcast_broadcastcounters c ON c.broadcast_id = a.broadcast_id AND c.unknown > 0
JOIN broadcast_broadcast b ON b.id = a.broadcast_id
JOIN channels_sender s ON s.id = b.sender_id AND s.provider = ANY(%(providers)s)
JOIN broadcast_broadcastmessage m ON m.id = ANY(a.message_ids)
    AND m.broadcast_id = a.broadcast_id AND m.batch_id = a.id
WHERE a.id > %(oldest_batch)s AND a.handed_at IS NOT NULL AND m.status = 'UNKNOWN'
  AND m.status_at > %(since)s AND m.status_at <= %(until)s
ORDER BY random() LIMIT %(limit)s
"""

# Another message of ours to the same recipient that may be the one that was found. While its fate
# is open, an id is that of an earlier try. Over whichever sender of whichever tenant: a number may
# be in a messaging service's pool. The batches of the last minutes bound what is read.
RIVALLED = """
SELECT m.id FROM broadcast_broadcastmessage m
JOIN broadcast_broadcast own ON own.id = m.broadcast_id
JOIN channels_sender s ON s.id = own.sender_id
WHERE m.id = ANY(%(ids)s) AND EXISTS (
    SELECT FROM (SELECT DISTINCT broadcast_id FROM broadcast_batch WHERE id > %(oldest)s) lately
    JOIN broadcast_broadcast b ON b.id = lately.broadcast_id
    JOIN channels_sender rival ON rival.id = b.sender_id AND rival.provider = s.provider
    JOIN broadcast_broadcastmessage o ON o.broadcast_id = b.id AND o.address = m.address
    WHERE b.id <> m.broadcast_id AND o.attempts > 0
      AND (o.provider_message_id = '' OR o.status IN ('PENDING', 'SENDING', 'UNKNOWN'))
)
"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    row: BroadcastMessage
    since: datetime
    until: datetime


def look_up_unknown(*, now: datetime) -> int:
    """Ask for some of the UNKNOWN messages of the last minute or so; how many were resolved.

    Safe to repeat, by any number at once: an answer moves a row as a receipt does, never down. One
    thread of a process looks; the others go on. No transaction is open while a provider is asked.
    """
    if not settings.SENDING_ENABLED or not _looking.acquire(blocking=False):
        return 0
    try:
        return _look_up(now=now)
    finally:
        _looking.release()


def _look_up(*, now: datetime) -> int:
    until = monotonic() + ANSWERED_WITHIN
    by_broadcast: dict[UUID, list[_Waiting]] = defaultdict(list)
    waiting = _waiting(now=now)
    for each in waiting:
        by_broadcast[each.row.broadcast_id].append(each)
    found: dict[UUID, Receipt] = {}
    for broadcast in _broadcasts(by_broadcast):
        if monotonic() > until:
            break
        found |= _ask(broadcast, by_broadcast[broadcast.pk])
    # A rival may have left as late as its lease allowed, just before the oldest that is asked for.
    certain = _certain(found, since=now - 2 * _oldest())
    _apply(certain, waiting, now=now)
    if waiting:
        log.info("unknown_looked_up", asked=len(waiting), found=len(certain))
    return len(certain)


def _oldest() -> timedelta:
    """How long ago a message may have been claimed that became UNKNOWN lately: swept, at worst."""
    return timedelta(seconds=2 * settings.BROADCAST_BATCH_LEASE + settings.BROADCAST_UNKNOWN_GRACE)


def _waiting(*, now: datetime) -> list[_Waiting]:
    """As long as their broadcast would wait for a receipt, and not at once: one may be coming."""
    with connection.cursor() as cursor:
        cursor.execute(
            WAITING,
            {
                "providers": providers_with_look_up(),
                "oldest_batch": id_at(now - _oldest()),
                "since": now - timedelta(seconds=settings.BROADCAST_UNKNOWN_GRACE),
                "until": now - timedelta(seconds=settings.BROADCAST_LOOK_UP_AFTER),
                "limit": ASKED_AT_ONCE,
            },
        )
        times = {row_id: (handed, lease) for row_id, handed, lease in cursor.fetchall()}
    rows = BroadcastMessage.objects.filter(pk__in=times)
    return [
        _Waiting(row, times[row.pk][0] - CLOCKS_DIFFER, times[row.pk][1] + CLOCKS_DIFFER)
        for row in rows
    ]


def _broadcasts(ids: Iterable[UUID]) -> list[Broadcast]:
    """In any order: a silent provider must not keep the same others from being asked for."""
    return list(
        Broadcast.objects.select_related("tenant", "sender__app", "template")
        .filter(pk__in=list(ids))
        .order_by("?")
    )


def _ask(broadcast: Broadcast, waiting: Sequence[_Waiting]) -> dict[UUID, Receipt]:
    if broadcast.sender is None:
        return {}
    tracked = TrackedURL.objects.filter(broadcast=broadcast)
    links = dict(tracked.values_list("url", "position"))
    renderer = Renderer(content_of(broadcast, links=links))
    asked = [
        HandedOver(
            message=renderer.message(
                message_id=each.row.pk,
                address=each.row.address or "",
                token=each.row.token,
                variables=each.row.variables,
            ),
            since=each.since,
            until=each.until,
        )
        for each in waiting
    ]
    return look_up_messages(
        account=broadcast.sender.account(), asked=asked, timeout=ANSWERED_WITHIN
    )


def _certain(found: Mapping[UUID, Receipt], *, since: datetime) -> list[Receipt]:
    """Without those that are another message of ours, or may be."""
    if not found:
        return []
    named = [each.provider_message_id for each in found.values()]
    # In this order: what has no id yet may get it between the two, and is then among the taken.
    with connection.cursor() as cursor:
        cursor.execute(RIVALLED, {"ids": list(found), "oldest": id_at(since)})
        rivalled = {row_id for (row_id,) in cursor.fetchall()}
    taken = set(
        ProviderMessageId.objects.filter(provider_message_id__in=named)
        .exclude(message_id__in=found)
        .values_list("provider_message_id", flat=True)
    )
    return [
        receipt
        for row_id, receipt in found.items()
        if row_id not in rivalled
        and receipt.provider_message_id not in taken
        and named.count(receipt.provider_message_id) == 1
    ]


def _apply(receipts: Sequence[Receipt], waiting: Sequence[_Waiting], *, now: datetime) -> None:
    tenants = {each.row.pk: each.row.tenant_id for each in waiting}
    by_tenant: dict[Any, list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        if receipt.message_id is not None:
            by_tenant[tenants[receipt.message_id]].append(receipt)
    for tenant_id, theirs in by_tenant.items():
        apply_receipts(tenant_id=tenant_id, receipts=theirs, now=now)
