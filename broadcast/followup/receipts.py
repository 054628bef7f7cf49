"""Delivery receipts, in any order and any number: the highest status ever reported wins."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from broadcast.models import Broadcast, BroadcastMessage, ProviderMessageId
from broadcast.moves.finishing import finish
from broadcast.moves.messages import Moved, lock_counters, make_money, move
from broadcast.moves.opt_outs import record_opt_outs
from broadcast.states import RECEIPT_RANK, MessageStatus
from channels.port.events import Receipt, ReceiptStatus
from postgres.ids import new_id

_OfBroadcast = dict[UUID, list[Receipt]]
"""What a block says of each message."""
_Block = dict[UUID, _OfBroadcast]
Rename = Callable[[Sequence[Receipt]], tuple[list[Receipt], list[Receipt]]]


def apply_receipts(
    *, tenant_id: UUID, receipts: Sequence[Receipt], now: datetime, rename: Rename | None = None
) -> list[Receipt]:
    """Apply a block of receipts; returns those whose message is not known (yet).

    Set-based per broadcast, monotonic, safe to repeat. What a receipt moves, it also pays for:
    captured when it shows acceptance, released or refunded when it shows failure. The failure of an
    earlier try of a row that was sent again changes nothing. `rename`: those that are known by
    another id, and the others; asked before anything is locked, as all counters are locked at once.
    """
    news: _Block = defaultdict(lambda: defaultdict(list))
    unplaced = _place(tenant_id, receipts, news)
    if unplaced and rename is not None:
        renamed, unplaced = rename(unplaced)
        unplaced += _place(tenant_id, renamed, news)
    with transaction.atomic():
        lock_counters(*news)
        broadcasts = Broadcast.objects.select_related("tenant").in_bulk(news)
        for broadcast_id in sorted(news):
            _apply(broadcast=broadcasts[broadcast_id], said=news[broadcast_id], now=now)
    return unplaced


def _place(tenant_id: UUID, receipts: Sequence[Receipt], news: _Block) -> list[Receipt]:
    """Add them to what is said of their messages; those whose message is not known."""
    known = _find(tenant_id, receipts)
    unplaced = []
    for receipt in receipts:
        found = known.get(receipt.message_id) or known.get(receipt.provider_message_id)
        if found is None:
            unplaced.append(receipt)
            continue
        message_id, broadcast_id = found
        news[broadcast_id][message_id].append(receipt)
    return unplaced


def _find(
    tenant_id: UUID, receipts: Iterable[Receipt]
) -> dict[UUID | str | None, tuple[UUID, UUID]]:
    """(message, broadcast) by our id and by the provider's, within the tenant."""
    ids = {each.message_id for each in receipts if each.message_id}
    provider_ids = {each.provider_message_id for each in receipts if not each.message_id} - {""}
    found: dict[UUID | str | None, tuple[UUID, UUID]] = {}
    if ids:
        ours = BroadcastMessage.objects.filter(tenant_id=tenant_id, pk__in=ids)
        for message_id, broadcast_id in ours.values_list("pk", "broadcast_id"):
            found[message_id] = (message_id, broadcast_id)
    if provider_ids:
        theirs = ProviderMessageId.objects.filter(
            tenant_id=tenant_id, provider_message_id__in=provider_ids
        ).values_list("provider_message_id", "message_id", "broadcast_id")
        for provider_id, message_id, broadcast_id in theirs:
            found[provider_id] = (message_id, broadcast_id)
    return found


def _rank(receipt: Receipt) -> int:
    return RECEIPT_RANK[MessageStatus(receipt.status.value)]


RANK = (
    "CASE m.status "
    + " ".join(f"WHEN '{status}' THEN {rank}" for status, rank in RECEIPT_RANK.items())
    + " ELSE 0 END"
)

# A PENDING row that was handed over before waits to be sent again, as its fate was not known, or
# ended while it waited. What shows that the provider took it saves that and is what became of it;
# its failure changes nothing.
APPLY = f"""
r AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(ranks)s::int[],
                         %(provider_ids)s::text[], %(codes)s::text[], %(provider_codes)s::text[],
                         %(texts)s::text[], %(sent)s::timestamptz[], %(delivered)s::timestamptz[],
                         %(read)s::timestamptz[], %(failed)s::timestamptz[])
        AS t(id, status, rank, provider_id, code, provider_code, message, sent_at, delivered_at,
             read_at, failed_at)
), --UPDATE--
UPDATE broadcast_broadcastmessage m
SET status = CASE WHEN r.rank > {RANK} THEN r.status ELSE m.status END,
    status_at = CASE WHEN r.rank > {RANK} THEN %(now)s ELSE m.status_at END,
    charge_state = CASE
        WHEN r.rank <= {RANK} THEN m.charge_state
        WHEN r.status = 'FAILED' AND m.charge_state = 'CAPTURED' THEN 'REFUNDED'
        WHEN r.status = 'FAILED' AND m.charge_state = 'HELD' THEN 'RELEASED'
        WHEN r.status <> 'FAILED' AND m.charge_state = 'HELD' THEN 'CAPTURED'
        ELSE m.charge_state END,
    error_code = CASE WHEN r.rank > {RANK} THEN r.code ELSE m.error_code END,
    provider_error_code = CASE WHEN r.rank > {RANK} THEN r.provider_code
                               ELSE m.provider_error_code END,
    error_message = CASE WHEN r.rank > {RANK} THEN r.message ELSE m.error_message END,
    provider_message_id = coalesce(nullif(m.provider_message_id, ''), r.provider_id),
    sent_at = coalesce(m.sent_at, r.sent_at, r.delivered_at, r.read_at),
    delivered_at = coalesce(m.delivered_at, r.delivered_at, r.read_at),
    read_at = coalesce(m.read_at, r.read_at),
    failed_at = coalesce(m.failed_at, r.failed_at), next_attempt_at = NULL
FROM r
WHERE m.id = r.id AND m.broadcast_id = %(broadcast)s
  AND (m.status IN ('SENDING', 'UNKNOWN', 'SENT', 'FAILED', 'DELIVERED', 'READ')
       OR m.status IN ('PENDING', 'SUPPRESSED', 'CANCELLED', 'EXPIRED')
          AND m.attempts > 0 AND r.status <> 'FAILED')
"""


def _apply(*, broadcast: Broadcast, said: _OfBroadcast, now: datetime) -> None:
    """The caller has locked the counters."""
    news = _of_last_tries(broadcast.pk, said)
    moved = move(broadcast_id=broadcast.pk, update=APPLY, params=_params(news, now))
    if moved.captured or moved.released or moved.refunded:
        _pay(broadcast, moved, now)
    opted_out = {each: one.at for each, told in said.items() for one in told if one.opted_out}
    if opted_out:
        record_opt_outs(broadcast=broadcast, said_at=opted_out)
    if moved.is_over:
        # After the outermost commit: finishing locks the broadcast, then its counters.
        transaction.on_commit(partial(_finish, broadcast.pk, now=now))


def _finish(broadcast_id: UUID, *, now: datetime) -> None:
    """However long its lock takes, also within a look (`one_by_one`), which would not wait for it.

    Nobody comes back to a finished broadcast whose receipts are applied.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
        finish(broadcast_id=broadcast_id, now=now)


# A claim empties the row's id, so that it is the last try's. That of an earlier try, whose
# answer was lost, may be in no table. Where a row was sent once, another id is that of a part of a
# long SMS.
OUTDATED = """
SELECT m.id, f.provider_id
FROM unnest(%(ids)s::uuid[], %(provider_ids)s::text[]) AS f(id, provider_id)
JOIN broadcast_broadcastmessage m ON m.id = f.id AND m.broadcast_id = %(broadcast)s
WHERE m.attempts > 1 AND f.provider_id <> '' AND f.provider_id <> m.provider_message_id
  AND (m.provider_message_id <> '' OR EXISTS (
      SELECT FROM broadcast_providermessageid i
      WHERE i.provider_message_id = f.provider_id AND i.message_id = m.id))
"""


def _of_last_tries(broadcast_id: UUID, said: _OfBroadcast) -> _OfBroadcast:
    """Without the failures of earlier tries: the last one's is what the row waits for."""
    failed = [
        (message_id, _provider_id(each))
        for message_id, told in said.items()
        for each in told
        if each.status == ReceiptStatus.FAILED
    ]
    if not failed:
        return said
    with connection.cursor() as cursor:
        ids, provider_ids = zip(*failed, strict=True)
        cursor.execute(
            OUTDATED,
            {"broadcast": broadcast_id, "ids": list(ids), "provider_ids": list(provider_ids)},
        )
        outdated = set(cursor.fetchall())
    kept = {
        message_id: [
            each
            for each in told
            if each.status != ReceiptStatus.FAILED
            or (message_id, _provider_id(each)) not in outdated
        ]
        for message_id, told in said.items()
    }
    return {message_id: told for message_id, told in kept.items() if told}


def _provider_id(receipt: Receipt) -> str:
    return receipt.provider_message_id[:200]


def _pay(broadcast: Broadcast, moved: Moved, now: datetime) -> None:
    make_money(
        broadcast=broadcast,
        moved=moved,
        reference=f"receipts:{new_id()}",
        actor="receipts",
        now=now,
    )


def _params(said: _OfBroadcast, now: datetime) -> dict[str, Any]:
    best = [max(told, key=_rank) for told in said.values()]
    return {
        "ids": list(said),
        "statuses": [each.status.value for each in best],
        "ranks": [_rank(each) for each in best],
        "provider_ids": [_provider_id(each) for each in best],
        "codes": [each.code[:64] for each in best],
        "provider_codes": [each.provider_code[:64] for each in best],
        "texts": [each.message[:500] for each in best],
        **{
            status.value.lower(): [_first(told, status) for told in said.values()]
            for status in ReceiptStatus
        },
        "now": now,
    }


def _first(told: Iterable[Receipt], status: ReceiptStatus) -> datetime | None:
    return next((each.at for each in told if each.status == status), None)
