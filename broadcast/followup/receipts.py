"""Applies delivery receipts in any order and any number: the highest status ever reported wins."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction

from broadcast.followup.after_receipts import act_on, finish_now_or_later
from broadcast.models import Broadcast, BroadcastMessage, ProviderMessageId
from broadcast.models.lengths import (
    MAX_ERROR_CODE,
    MAX_ERROR_MESSAGE,
    MAX_PROVIDER_ERROR_CODE,
    MAX_PROVIDER_MESSAGE_ID,
)
from broadcast.moves.messages import append_to_ledger, lock_counters, lock_free_counters, move
from broadcast.moves.move_sql import Move
from broadcast.moves.opt_outs import record_opt_outs
from broadcast.states import RECEIPT_RANK, MessageStatus
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import FailureCause
from postgres.ids import new_id
from postgres.passing_errors import is_lock_timeout

_ByMessage = Mapping[UUID, list[Receipt]]
"""A block's receipts for one broadcast, by message."""
_Block = dict[UUID, dict[UUID, list[Receipt]]]
"""By broadcast, then by message."""
Rename = Callable[[Collection[str]], Mapping[str, str]]
"""Gives the stored ids of messages by other ids of theirs."""

RANK = (
    "CASE m.status "
    + " ".join(f"WHEN '{status}' THEN {rank}" for status, rank in RECEIPT_RANK.items())
    + " ELSE 0 END"
)
APPLY = Move(
    ctes="""
r AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(ranks)s::int[],
                         %(provider_ids)s::text[], %(codes)s::text[], %(provider_codes)s::text[],
                         %(texts)s::text[], %(sent)s::timestamptz[], %(delivered)s::timestamptz[],
                         %(read)s::timestamptz[], %(failed)s::timestamptz[])
        AS t(id, status, rank, provider_id, code, provider_code, message, sent_at, delivered_at,
             read_at, failed_at)
)""",
    update=f"""
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
  AND (m.status IN ('SENDING', 'UNKNOWN', 'ON_HOLD', 'SENT', 'FAILED', 'DELIVERED', 'READ')
       -- A message that was handed over before and waits to be sent again, as its fate was unknown,
       -- or that ended while it waited: a receipt that shows acceptance decides its status and
       -- saves sending it again; a receipt of failure changes nothing.
       OR m.status IN ('PENDING', 'SUPPRESSED', 'CANCELLED', 'EXPIRED')
          AND m.attempts > 0 AND r.status <> 'FAILED')
  -- A receipt that adds nothing writes nothing: providers report a queued message several times.
  AND (r.rank > {RANK} OR m.provider_message_id = '' AND r.provider_id <> ''
       OR m.sent_at IS NULL AND coalesce(r.sent_at, r.delivered_at, r.read_at) IS NOT NULL
       OR m.delivered_at IS NULL AND coalesce(r.delivered_at, r.read_at) IS NOT NULL
       OR m.read_at IS NULL AND r.read_at IS NOT NULL
       OR m.failed_at IS NULL AND r.failed_at IS NOT NULL)
""",
)

OUTDATED = """
-- A claim empties the message's provider id, so a stored id is that of the last attempt. The id of
-- an earlier attempt whose answer was lost may be in no table. If a message was sent once, another
-- id is that of a part of a long SMS.
SELECT m.id, f.provider_id
FROM unnest(%(ids)s::uuid[], %(provider_ids)s::text[]) AS f(id, provider_id)
JOIN broadcast_broadcastmessage m ON m.id = f.id AND m.broadcast_id = %(broadcast)s
WHERE m.attempts > 1 AND f.provider_id <> '' AND f.provider_id <> m.provider_message_id
  AND (m.provider_message_id <> '' OR EXISTS (
      SELECT FROM broadcast_providermessageid i
      WHERE i.provider_message_id = f.provider_id AND i.message_id = m.id))
"""


def apply_receipts(
    *,
    tenant_id: UUID,
    receipts: Sequence[Receipt],
    now: datetime,
    rename: Rename | None = None,
    locked: list[Receipt] | None = None,
) -> list[Receipt]:
    """Apply a block of receipts; returns the receipts whose message is not known (yet).

    Set-based per broadcast, monotonic, safe to repeat. A receipt that moves a message also moves
    its money: captured if the receipt shows acceptance, released or refunded if it shows failure.
    The failure of an earlier attempt of a message that was sent again changes nothing. `rename`
    gives the stored ids of messages that are known by another id. It is called before anything is
    locked, because all counters are locked at once.

    If `locked` is given, receipts of a broadcast that another session keeps locked are appended to
    it and must be applied later; the others are applied. Otherwise a lock that is not granted in
    time raises OperationalError, and nothing is applied.
    """
    block: _Block = defaultdict(lambda: defaultdict(list))
    originals: dict[int, Receipt] = {}
    unplaced = _place(tenant_id, receipts, block)
    if unplaced and rename is not None:
        renamed = _renamed(unplaced, rename, originals)
        unplaced = [
            originals.get(id(receipt), receipt) for receipt in _place(tenant_id, renamed, block)
        ]
    with transaction.atomic():
        free = set(block) if locked is None else lock_free_counters(*block)
        if locked is None:
            lock_counters(*block)
        broadcasts = Broadcast.objects.select_related("tenant").in_bulk(block)
        for broadcast_id in sorted(block):
            by_message = block[broadcast_id]
            if locked is None:
                _apply(broadcasts[broadcast_id], by_message, now=now)
            elif broadcast_id not in free or not _is_applied(
                broadcasts[broadcast_id], by_message, now=now
            ):
                left = chain.from_iterable(by_message.values())
                locked.extend(originals.get(id(receipt), receipt) for receipt in left)
    return unplaced


def _renamed(
    receipts: Sequence[Receipt], rename: Rename, originals: dict[int, Receipt]
) -> list[Receipt]:
    """The receipts with their messages' stored ids; `originals` gets the receipts as they were."""
    stored_ids = rename({receipt.provider_message_id for receipt in receipts})
    renamed = []
    for receipt in receipts:
        stored_id = stored_ids.get(receipt.provider_message_id)
        if stored_id is None:
            renamed.append(receipt)
            continue
        renamed.append(replace(receipt, provider_message_id=stored_id))
        originals[id(renamed[-1])] = receipt
    return renamed


def _is_applied(broadcast: Broadcast, by_message: _ByMessage, *, now: datetime) -> bool:
    """Apply the receipts; False, and nothing is changed, if a row that they need stays locked."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            _apply(broadcast, by_message, now=now)
            # Foreign keys are checked here, not at the commit, and may wait for a lock, too.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        return False
    return True


def _place(tenant_id: UUID, receipts: Sequence[Receipt], block: _Block) -> list[Receipt]:
    """Add the receipts to their messages in the block; returns those whose message is unknown."""
    ids = _find(tenant_id, receipts)
    unplaced = []
    for receipt in receipts:
        message = ids.get(receipt.message_id) or ids.get(receipt.provider_message_id)
        if message is None:
            unplaced.append(receipt)
            continue
        message_id, broadcast_id = message
        block[broadcast_id][message_id].append(receipt)
    return unplaced


def _find(
    tenant_id: UUID, receipts: Iterable[Receipt]
) -> dict[UUID | str | None, tuple[UUID, UUID]]:
    """(message, broadcast) by our id and by the provider's, within the tenant."""
    our_ids = {receipt.message_id for receipt in receipts if receipt.message_id}
    provider_ids = {
        receipt.provider_message_id for receipt in receipts if not receipt.message_id
    } - {""}
    ids: dict[UUID | str | None, tuple[UUID, UUID]] = {}
    if our_ids:
        messages = BroadcastMessage.objects.filter(tenant_id=tenant_id, pk__in=our_ids)
        for message_id, broadcast_id in messages.values_list("pk", "broadcast_id"):
            ids[message_id] = (message_id, broadcast_id)
    if provider_ids:
        rows = ProviderMessageId.objects.filter(
            tenant_id=tenant_id, provider_message_id__in=provider_ids
        ).values_list("provider_message_id", "message_id", "broadcast_id")
        for provider_id, message_id, broadcast_id in rows:
            ids[provider_id] = (message_id, broadcast_id)
    return ids


def _apply(broadcast: Broadcast, by_message: _ByMessage, *, now: datetime) -> None:
    """The caller has locked the counters."""
    current = _without_outdated(broadcast.pk, by_message)
    moved = move(broadcast_id=broadcast.pk, update=APPLY, params=_params(current, now))
    if moved.captured or moved.released or moved.refunded:
        append_to_ledger(
            broadcast=broadcast,
            moved=moved,
            reference=f"receipts:{new_id()}",
            actor="receipts",
            now=now,
        )
    failures = {
        message_id: receipt
        for message_id, receipts in current.items()
        if (receipt := max(receipts, key=_weight)).status == ReceiptStatus.FAILED
    }
    if failures:
        # After the outermost commit: a pause locks the broadcast, then its counters.
        transaction.on_commit(partial(act_on, broadcast.pk, failures, now=now))
    opted_out = {
        message_id: receipt.at
        for message_id, receipts in by_message.items()
        for receipt in receipts
        if receipt.opted_out
    }
    if opted_out:
        record_opt_outs(broadcast=broadcast, reported_at=opted_out)
    if moved.is_over:
        # After the outermost commit: finishing locks the broadcast, then its counters.
        transaction.on_commit(partial(finish_now_or_later, broadcast.pk, now=now))


def _without_outdated(broadcast_id: UUID, by_message: _ByMessage) -> _ByMessage:
    """Drop failures of earlier attempts: a message waits for the outcome of its last attempt."""
    failures = [
        (message_id, _provider_id(receipt))
        for message_id, receipts in by_message.items()
        for receipt in receipts
        if receipt.status == ReceiptStatus.FAILED
    ]
    if not failures:
        return by_message
    with connection.cursor() as cursor:
        ids, provider_ids = zip(*failures, strict=True)
        cursor.execute(
            OUTDATED,
            {"broadcast": broadcast_id, "ids": list(ids), "provider_ids": list(provider_ids)},
        )
        outdated = set(cursor.fetchall())
    kept = {
        message_id: [
            receipt
            for receipt in receipts
            if receipt.status != ReceiptStatus.FAILED
            or (message_id, _provider_id(receipt)) not in outdated
        ]
        for message_id, receipts in by_message.items()
    }
    return {message_id: receipts for message_id, receipts in kept.items() if receipts}


def _provider_id(receipt: Receipt) -> str:
    return receipt.provider_message_id[:MAX_PROVIDER_MESSAGE_ID]


def _params(by_message: _ByMessage, now: datetime) -> dict[str, Any]:
    highest = [max(receipts, key=_weight) for receipts in by_message.values()]
    return {
        "ids": list(by_message),
        "statuses": [receipt.status.value for receipt in highest],
        "ranks": [_rank(receipt) for receipt in highest],
        "provider_ids": [_provider_id(receipt) for receipt in highest],
        "codes": [receipt.code[:MAX_ERROR_CODE] for receipt in highest],
        "provider_codes": [receipt.provider_code[:MAX_PROVIDER_ERROR_CODE] for receipt in highest],
        "texts": [receipt.message[:MAX_ERROR_MESSAGE] for receipt in highest],
        **{
            status.value.lower(): [_first(receipts, status) for receipts in by_message.values()]
            for status in ReceiptStatus
        },
        "now": now,
    }


def _rank(receipt: Receipt) -> int:
    return RECEIPT_RANK[MessageStatus(receipt.status.value)]


def _weight(receipt: Receipt) -> tuple[int, bool, float, str, str]:
    """Which receipt of a message decides: parts of one message may fail for several reasons."""
    is_config = receipt.cause == FailureCause.CONFIG
    seconds = receipt.holds_sender_for
    return _rank(receipt), is_config, seconds, receipt.code, receipt.provider_code


def _first(receipts: Iterable[Receipt], status: ReceiptStatus) -> datetime | None:
    return next((receipt.at for receipt in receipts if receipt.status == status), None)
