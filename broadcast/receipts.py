"""Delivery receipts, in any order and any number: the highest status ever reported wins."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from broadcast.finishing import finish
from broadcast.models import Broadcast, BroadcastMessage, ProviderMessageId
from broadcast.moves import Moved, lock_counters, make_money, move
from broadcast.opt_outs import record_opt_outs
from broadcast.states import RECEIPT_RANK, MessageStatus
from channels.adapter import Receipt, ReceiptStatus
from tenants.ids import new_id


@dataclass(slots=True)
class _News:
    """All that one block of receipts says of one message."""

    best: Receipt
    times: dict[ReceiptStatus, datetime] = field(default_factory=dict)
    opted_out_at: datetime | None = None

    def add(self, receipt: Receipt) -> None:
        self.times.setdefault(receipt.status, receipt.at)
        if receipt.opted_out:
            self.opted_out_at = receipt.at
        if _rank(receipt) > _rank(self.best):
            self.best = receipt


_Block = dict[UUID, dict[UUID, _News]]
Rename = Callable[[Sequence[Receipt]], tuple[list[Receipt], list[Receipt]]]


def apply_receipts(
    *, tenant_id: UUID, receipts: Sequence[Receipt], now: datetime, rename: Rename | None = None
) -> list[Receipt]:
    """Apply a block of receipts; returns those whose message is not known (yet).

    Set-based per broadcast, monotonic, safe to repeat. What a receipt moves, it also pays for:
    captured when it shows acceptance, released or refunded when it shows failure. `rename`: those
    that are known by another id, and the others; asked before anything is locked, as all counters
    are locked at once.
    """
    news: _Block = defaultdict(dict)
    unplaced = _place(tenant_id, receipts, news)
    if unplaced and rename is not None:
        renamed, unplaced = rename(unplaced)
        unplaced += _place(tenant_id, renamed, news)
    with transaction.atomic():
        lock_counters(*news)
        broadcasts = Broadcast.objects.select_related("tenant").in_bulk(news)
        for broadcast_id in sorted(news):
            _apply(broadcast=broadcasts[broadcast_id], news=news[broadcast_id], now=now)
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
        of_broadcast = news[broadcast_id]
        of_broadcast.setdefault(message_id, _News(best=receipt)).add(receipt)
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

# A PENDING row that was handed over before waits to be sent again, as its fate was not known. What
# shows that the provider took it saves that; its failure changes nothing.
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
       OR m.status = 'PENDING' AND m.attempts > 0 AND r.status <> 'FAILED')
"""


def _apply(*, broadcast: Broadcast, news: dict[UUID, _News], now: datetime) -> None:
    """The caller has locked the counters."""
    moved = move(broadcast_id=broadcast.pk, update=APPLY, params=_params(news, now))
    if moved.captured or moved.released or moved.refunded:
        _pay(broadcast, moved, now)
    opted_out = {each: said.opted_out_at for each, said in news.items() if said.opted_out_at}
    if opted_out:
        record_opt_outs(broadcast=broadcast, said_at=opted_out)
    if moved.is_over:
        # After the outermost commit: finishing locks the broadcast, then its counters.
        transaction.on_commit(partial(finish, broadcast_id=broadcast.pk, now=now))


def _pay(broadcast: Broadcast, moved: Moved, now: datetime) -> None:
    make_money(
        broadcast=broadcast,
        moved=moved,
        reference=f"receipts:{new_id()}",
        actor="receipts",
        now=now,
    )


def _params(news: dict[UUID, _News], now: datetime) -> dict[str, Any]:
    said = list(news.values())
    return {
        "ids": list(news),
        "statuses": [each.best.status.value for each in said],
        "ranks": [_rank(each.best) for each in said],
        "provider_ids": [each.best.provider_message_id[:200] for each in said],
        "codes": [each.best.code[:64] for each in said],
        "provider_codes": [each.best.provider_code[:64] for each in said],
        "texts": [each.best.message[:500] for each in said],
        "sent": [each.times.get(ReceiptStatus.SENT) for each in said],
        "delivered": [each.times.get(ReceiptStatus.DELIVERED) for each in said],
        "read": [each.times.get(ReceiptStatus.READ) for each in said],
        "failed": [each.times.get(ReceiptStatus.FAILED) for each in said],
        "now": now,
    }
