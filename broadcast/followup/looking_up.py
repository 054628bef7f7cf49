"""Asks providers that offer a look-up for the fate of UNKNOWN messages; each answer is a receipt.

An answer counts only if the provider shows exactly one message that can be this one, and if that
message can be no other message of ours (docs/adr/0007).
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
"""Messages per run, all asked for at the same time: few, as providers count these requests with
the messages that are sent."""
ANSWERED_WITHIN = 10.0
"""Seconds after which a run asks for no further broadcast, and the time-out of its requests: a
worker's thread waits for the answers, and the next run asks again."""
CLOCKS_DIFFER = timedelta(seconds=5)
"""How far the provider's clock may be from ours; the provider's times are whole seconds, too."""

log = structlog.get_logger(__name__)

# If a provider is silent, a run lasts longer than the time to the next run. Without this lock, runs
# would take all threads of a worker, which also plans and applies receipts.
_run_lock = Lock()

WAITING = """
-- Messages are found through their batches, as no index knows a message's status. The choice is
-- random: messages that are never found must not keep the others from being asked for.
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

RIVALLED = """
-- Messages with a rival: another message of ours to the same recipient that may be the one found.
-- A rival whose fate is open counts even with a provider id, which is that of an earlier attempt.
-- Senders of all tenants count: a number may be in a messaging service's pool. Only the batches of
-- the last minutes are read.
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
    """An UNKNOWN message, and between which times it may have been handed over."""

    row: BroadcastMessage
    since: datetime
    until: datetime


def look_up_unknown(*, now: datetime) -> int:
    """Ask for some of the recent UNKNOWN messages; returns how many were resolved.

    Safe to repeat, by any number of workers at once: an answer moves a message as a receipt does,
    never down. In each process one thread asks; for any other thread this returns at once. No
    transaction is open while a provider is asked.
    """
    if not settings.SENDING_ENABLED or not _run_lock.acquire(blocking=False):
        return 0
    try:
        return _look_up(now=now)
    finally:
        _run_lock.release()


def _look_up(*, now: datetime) -> int:
    until = monotonic() + ANSWERED_WITHIN
    by_broadcast: dict[UUID, list[_Waiting]] = defaultdict(list)
    waiting = _waiting(now=now)
    for message in waiting:
        by_broadcast[message.row.broadcast_id].append(message)
    answers: dict[UUID, Receipt] = {}
    for broadcast in _broadcasts(by_broadcast):
        if monotonic() > until:
            break
        answers |= _ask(broadcast, by_broadcast[broadcast.pk])
    # A rival may have left as late as its lease allowed, just before the oldest message asked for.
    certain = _certain(answers, since=now - 2 * _max_age())
    _apply(certain, waiting, now=now)
    if waiting:
        log.info("unknown_looked_up", asked=len(waiting), found=len(certain))
    return len(certain)


def _max_age() -> timedelta:
    """The longest time since the claim of a message that became UNKNOWN recently, by a sweep."""
    return timedelta(seconds=2 * settings.BROADCAST_BATCH_LEASE + settings.BROADCAST_UNKNOWN_GRACE)


def _waiting(*, now: datetime) -> list[_Waiting]:
    """UNKNOWN messages, not yet too old: as long as their broadcast would wait for a receipt.

    Not at once either: a receipt may still come by itself.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            WAITING,
            {
                "providers": providers_with_look_up(),
                "oldest_batch": id_at(now - _max_age()),
                "since": now - timedelta(seconds=settings.BROADCAST_UNKNOWN_GRACE),
                "until": now - timedelta(seconds=settings.BROADCAST_LOOK_UP_AFTER),
                "limit": ASKED_AT_ONCE,
            },
        )
        times = {
            message_id: (handed_at, lease_expires_at)
            for message_id, handed_at, lease_expires_at in cursor.fetchall()
        }
    rows = BroadcastMessage.objects.filter(pk__in=times)
    return [
        _Waiting(row, times[row.pk][0] - CLOCKS_DIFFER, times[row.pk][1] + CLOCKS_DIFFER)
        for row in rows
    ]


def _broadcasts(ids: Iterable[UUID]) -> list[Broadcast]:
    """In random order: a silent provider must not keep the same broadcasts from being asked for."""
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
                message_id=message.row.pk,
                address=message.row.address or "",
                token=message.row.token,
                variables=message.row.variables,
            ),
            since=message.since,
            until=message.until,
        )
        for message in waiting
    ]
    return look_up_messages(
        account=broadcast.sender.account(), asked=asked, timeout=ANSWERED_WITHIN
    )


def _certain(answers: Mapping[UUID, Receipt], *, since: datetime) -> list[Receipt]:
    """The answers that cannot be about another message of ours."""
    if not answers:
        return []
    provider_ids = [receipt.provider_message_id for receipt in answers.values()]
    # Rivals first: a rival that gets its provider id between the two queries is then in `taken`.
    with connection.cursor() as cursor:
        cursor.execute(RIVALLED, {"ids": list(answers), "oldest": id_at(since)})
        rivalled = {message_id for (message_id,) in cursor.fetchall()}
    taken = set(
        ProviderMessageId.objects.filter(provider_message_id__in=provider_ids)
        .exclude(message_id__in=answers)
        .values_list("provider_message_id", flat=True)
    )
    return [
        receipt
        for message_id, receipt in answers.items()
        if message_id not in rivalled
        and receipt.provider_message_id not in taken
        and provider_ids.count(receipt.provider_message_id) == 1
    ]


def _apply(receipts: Sequence[Receipt], waiting: Sequence[_Waiting], *, now: datetime) -> None:
    tenant_ids = {message.row.pk: message.row.tenant_id for message in waiting}
    by_tenant: dict[Any, list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        if receipt.message_id is not None:
            by_tenant[tenant_ids[receipt.message_id]].append(receipt)
    for tenant_id, receipts_of_tenant in by_tenant.items():
        apply_receipts(tenant_id=tenant_id, receipts=receipts_of_tenant, now=now)
