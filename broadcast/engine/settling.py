"""The second half of a batch: writes the provider's answers to the messages."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from broadcast.control.auto_pausing import hold_sender
from broadcast.engine.lost_answers import ignores_repeats, unknown_becomes
from broadcast.engine.safeguards import after_settle, spare
from broadcast.lanes.lanes import wake_lanes
from broadcast.models import Broadcast
from broadcast.models.lengths import (
    MAX_ERROR_CODE,
    MAX_ERROR_MESSAGE,
    MAX_PROVIDER_ERROR_CODE,
    MAX_PROVIDER_MESSAGE_ID,
)
from broadcast.moves.messages import Moved, move_batch
from broadcast.moves.move_sql import Move
from broadcast.moves.new_addresses import follow_chats
from broadcast.moves.opt_outs import record_opt_outs
from channels.models import Sender
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind
from postgres.ids import new_id
from postgres.text import storable

LIMIT_WITHOUT_TIME = 30.0
"""Seconds to wait after a rate limit that does not say how long."""
MAX_BACKOFF = 3600.0
"""Seconds between two attempts at most."""
TRY_AGAIN = (OutcomeKind.PASSING, OutcomeKind.LIMITED, OutcomeKind.UNKNOWN)
"""After these outcomes a message may be sent again."""

UNSENT = "('SENDING', 'UNKNOWN', 'PENDING', 'ON_HOLD', 'SUPPRESSED', 'CANCELLED', 'EXPIRED')"
SETTLE = Move(
    ctes="""
-- One answer a row.
o AS (
    SELECT id, kind, coalesce(provider_id, '') AS provider_id, coalesce(code, '') AS code,
           coalesce(provider_code, '') AS provider_code, coalesce(message, '') AS message,
           coalesce(wait, 0) AS wait
    FROM json_to_recordset(%(outcomes)s::json)
        AS t(id uuid, kind text, provider_id text, code text, provider_code text, message text,
             wait float)
), b AS MATERIALIZED (
    SELECT status FROM broadcast_broadcast WHERE id = %(broadcast)s
),
-- The status that each answer asks for. A passing failure returns its message to PENDING while
-- attempts are left; a limit always does, as it spends no attempt. A message of unknown fate
-- returns to PENDING if the provider ignores a repeated id (invariant 1). If the broadcast has
-- ended meanwhile (its worker outlived the lease), no message returns to PENDING: no lane would
-- send it.
judged AS (
    SELECT o.*, CASE
        WHEN o.kind = 'accepted' THEN 'SENT'
        WHEN o.kind = 'waiting' THEN 'ON_HOLD'
        WHEN o.kind = 'permanent' THEN 'FAILED'
        WHEN o.kind = 'unknown' AND %(idempotent)s AND b.status = 'SENDING'
             AND m.attempts <= %(max_retries)s THEN 'PENDING'
        WHEN o.kind = 'unknown' AND %(unknown)s <> 'PENDING' THEN %(unknown)s
        WHEN o.kind = 'unknown' AND b.status <> 'SENDING' THEN 'UNKNOWN'
        WHEN b.status = 'CANCELLED' THEN 'CANCELLED'
        WHEN b.status <> 'SENDING' THEN 'FAILED'
        WHEN o.kind = 'limited' OR m.attempts <= %(max_retries)s THEN 'PENDING'
        ELSE 'FAILED' END AS status
    FROM o JOIN broadcast_broadcastmessage m ON m.id = o.id AND m.broadcast_id = %(broadcast)s
    CROSS JOIN b
),
-- The money and the error code that belong to the status.
verdict AS (
    SELECT j.*, CASE
        WHEN status = 'SENT' THEN 'CAPTURED'
        WHEN status IN ('FAILED', 'CANCELLED') THEN 'RELEASED'
        ELSE 'HELD' END AS charge,
        CASE WHEN kind <> 'unknown' OR status <> 'FAILED' THEN code
             WHEN %(unknown)s = 'PENDING' THEN 'retries_exhausted' ELSE 'given_up' END AS said
    FROM judged j
), closed AS (
    UPDATE broadcast_batch SET settled_at = %(now)s WHERE id = %(batch)s AND %(is_last)s
)""",
    update=f"""
UPDATE broadcast_broadcastmessage m
SET status = CASE WHEN m.status IN {UNSENT} THEN v.status ELSE m.status END,
    status_at = CASE WHEN m.status IN {UNSENT} THEN %(now)s ELSE m.status_at END,
    charge_state = CASE WHEN m.status IN {UNSENT} AND m.charge_state = 'HELD'
                        THEN v.charge ELSE m.charge_state END,
    provider_message_id = coalesce(nullif(v.provider_id, ''), m.provider_message_id),
    error_code = CASE WHEN m.status IN {UNSENT} THEN v.said ELSE m.error_code END,
    provider_error_code = CASE WHEN m.status IN {UNSENT} THEN v.provider_code
                               ELSE m.provider_error_code END,
    error_message = CASE WHEN m.status IN {UNSENT} THEN v.message ELSE m.error_message END,
    sent_at = CASE WHEN v.status = 'SENT' THEN coalesce(m.sent_at, %(now)s) ELSE m.sent_at END,
    failed_at = CASE WHEN v.status = 'FAILED' AND m.status IN ('SENDING', 'UNKNOWN') THEN %(now)s
                     ELSE m.failed_at END,
    attempts = m.attempts - CASE WHEN v.kind = 'limited' THEN 1 ELSE 0 END,
    next_attempt_at = CASE
        WHEN v.status = 'ON_HOLD' THEN %(now)s + make_interval(secs => %(hold_lasts)s)
        WHEN v.status = 'PENDING' AND m.status IN ('SENDING', 'UNKNOWN') THEN %(now)s
            + make_interval(secs => CASE WHEN v.kind = 'limited' THEN v.wait
                ELSE greatest(v.wait, least(%(max_backoff)s,
                    %(backoff)s * power(2, greatest(m.attempts - 1, 0)))) END) END
FROM verdict v
-- An accepted message becomes SENT or ON_HOLD, as by a receipt, also if it was swept and waits to
-- be sent again, ended while it waited, or belongs to another batch by now. Other answers count for
-- their own batch only. A message that a receipt has moved already only gets its provider id.
WHERE m.id = v.id AND m.broadcast_id = %(broadcast)s
  AND (v.status IN ('SENT', 'ON_HOLD') AND m.status IN {UNSENT}
       OR m.batch_id = %(batch)s
          AND (m.status IN ('SENDING', 'UNKNOWN')
               OR v.status IN ('SENT', 'ON_HOLD')
                  AND m.status IN ('SENT', 'DELIVERED', 'READ', 'FAILED')))
""",
)


def settle(
    *,
    broadcast: Broadcast,
    sender: Sender,
    batch_id: UUID,
    outcomes: Sequence[tuple[UUID, Outcome]],
    is_last: bool,
    now: datetime,
) -> Moved:
    """Write these outcomes to the messages, with their counters and their money, at once.

    `is_last`: every message of the batch has its answer, so nothing is left to sweep. Late answers
    of a swept batch settle its UNKNOWN messages. Safe to repeat.
    """
    outcomes = spare(outcomes)
    # Built before the counters are locked: all other batches of the broadcast wait for that lock.
    params = {
        "outcomes": json.dumps([_as_json(message_id, outcome) for message_id, outcome in outcomes]),
        "unknown": unknown_becomes(broadcast),
        "idempotent": ignores_repeats(sender),
        "is_last": is_last,
        "max_retries": sender.effective_max_retries,
        "backoff": settings.BROADCAST_RETRY_DELAY,
        "max_backoff": MAX_BACKOFF,
        "hold_lasts": settings.BROADCAST_PROVIDER_HOLD,
        "batch": batch_id,
    }
    movement_id = new_id()
    with transaction.atomic():
        moved = move_batch(
            broadcast=broadcast,
            update=SETTLE,
            params=params,
            reference=f"batch:{batch_id}:{movement_id}",
            movement_id=movement_id,
            actor="settle",
            now=now,
        )
        _act_on(outcomes, broadcast=broadcast, sender=sender, moved=moved, now=now)
    return moved


def _as_json(message_id: UUID, outcome: Outcome) -> dict[str, str | float]:
    """One element of SETTLE's JSON, which costs both sides far less than seven arrays would."""
    element: dict[str, str | float] = {"id": str(message_id), "kind": outcome.kind.value}
    if outcome.provider_message_id:
        element["provider_id"] = storable(outcome.provider_message_id)[:MAX_PROVIDER_MESSAGE_ID]
    if outcome.kind != OutcomeKind.ACCEPTED or outcome.code:
        element["code"] = storable(outcome.code)[:MAX_ERROR_CODE]
        element["provider_code"] = storable(outcome.provider_code)[:MAX_PROVIDER_ERROR_CODE]
        element["message"] = storable(outcome.message)[:MAX_ERROR_MESSAGE]
        element["wait"] = _wait(outcome)
    return element


def _wait(outcome: Outcome) -> float:
    """Seconds that the provider asks for; LIMIT_WITHOUT_TIME after a limit without a time."""
    if outcome.kind == OutcomeKind.LIMITED:
        return LIMIT_WITHOUT_TIME if outcome.retry_after is None else outcome.retry_after
    return outcome.retry_after or 0.0


def holds_for(outcomes: Sequence[tuple[UUID, Outcome]]) -> float:
    """Seconds for which these outcomes hold the whole sender; 0 if they do not hold it."""
    limits = (
        _wait(outcome)
        for _, outcome in outcomes
        if outcome.kind == OutcomeKind.LIMITED and outcome.limit_scope == LimitScope.SENDER
    )
    return max(limits, default=0.0)


def waits_for(outcomes: Sequence[tuple[UUID, Outcome]]) -> float | None:
    """Seconds until the first of these messages may be sent again; None if none may."""
    waits = (_wait(outcome) for _, outcome in outcomes if outcome.kind in TRY_AGAIN)
    return min(waits, default=None)


def _act_on(
    outcomes: Sequence[tuple[UUID, Outcome]],
    *,
    broadcast: Broadcast,
    sender: Sender,
    moved: Moved,
    now: datetime,
) -> None:
    """Hold the sender, wake the lanes, record opt-outs, pause: whatever the outcomes ask for."""
    if seconds := holds_for(outcomes):
        hold_sender(sender_id=sender.pk, until=now + timedelta(seconds=seconds))
    if moved.pending:
        wait = waits_for(outcomes)
        if wait is not None:
            wake_lanes(broadcast=broadcast, at=now + timedelta(seconds=wait))
    opted_out = [
        message_id for message_id, outcome in outcomes if outcome.cause == FailureCause.OPT_OUT
    ]
    if opted_out:
        record_opt_outs(broadcast=broadcast, reported_at=dict.fromkeys(opted_out, now))
    moved_to = {
        message_id: outcome.moved_to for message_id, outcome in outcomes if outcome.moved_to
    }
    if moved_to:
        follow_chats(broadcast=broadcast, moved_to=moved_to, now=now)
    after_settle(broadcast=broadcast, outcomes=outcomes, now=now)
