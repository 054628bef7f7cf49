"""The second half of a batch: what the provider's answers make of its messages."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from broadcast.engine.safeguards import after_settle, spare
from broadcast.lanes.lanes import wake_lanes
from broadcast.models import Broadcast
from broadcast.moves.messages import Moved, move_batch
from broadcast.moves.opt_outs import record_opt_outs
from broadcast.states import MessageStatus, UnknownPolicy
from channels.models import Sender
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind
from channels.providers.registry import adapter_for
from postgres.ids import new_id
from postgres.text import storable

LIMIT_WITHOUT_TIME = 30.0
"""Seconds to wait after a rate limit that does not say how long."""
MAX_BACKOFF = 3600.0

# `o` holds one answer a row. A row that a receipt has moved already only learns its provider id.
# A passing failure goes back to PENDING while attempts are left; a limit never spends one. So does
# a message whose fate is unknown where the provider ignores a repeated id (invariant 1). Of what is
# over by now (a worker was stopped past its lease) nothing goes back: no lane would take it. What
# was accepted is SENT, as by a receipt, also where it was swept and waits to be sent again, ended
# while it waited, or is of another batch by now; other answers count for their own batch alone.
UNSENT = "('SENDING', 'UNKNOWN', 'PENDING', 'SUPPRESSED', 'CANCELLED', 'EXPIRED')"
SETTLE = f"""
o AS (
    SELECT id, kind, coalesce(provider_id, '') AS provider_id, coalesce(code, '') AS code,
           coalesce(provider_code, '') AS provider_code, coalesce(message, '') AS message,
           coalesce(wait, 0) AS wait
    FROM json_to_recordset(%(outcomes)s::json)
        AS t(id uuid, kind text, provider_id text, code text, provider_code text, message text,
             wait float)
), b AS MATERIALIZED (
    SELECT status FROM broadcast_broadcast WHERE id = %(broadcast)s
), judged AS (
    SELECT o.*, CASE
        WHEN o.kind = 'accepted' THEN 'SENT'
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
), verdict AS (
    SELECT j.*, CASE
        WHEN status = 'SENT' THEN 'CAPTURED'
        WHEN status IN ('FAILED', 'CANCELLED') THEN 'RELEASED'
        ELSE 'HELD' END AS charge,
        CASE WHEN kind <> 'unknown' OR status <> 'FAILED' THEN code
             WHEN %(unknown)s = 'PENDING' THEN 'retries_exhausted' ELSE 'given_up' END AS said
    FROM judged j
), closed AS (
    UPDATE broadcast_batch SET settled_at = %(now)s WHERE id = %(batch)s AND %(is_last)s
), --UPDATE--
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
    next_attempt_at = CASE WHEN v.status = 'PENDING' AND m.status IN ('SENDING', 'UNKNOWN')
        THEN %(now)s + make_interval(secs => CASE WHEN v.kind = 'limited' THEN v.wait
            ELSE greatest(v.wait, least(%(max_backoff)s,
                %(backoff)s * power(2, greatest(m.attempts - 1, 0)))) END) END
FROM verdict v
WHERE m.id = v.id AND m.broadcast_id = %(broadcast)s
  AND (v.status = 'SENT' AND m.status IN {UNSENT}
       OR m.batch_id = %(batch)s
          AND (m.status IN ('SENDING', 'UNKNOWN')
               OR v.status = 'SENT' AND m.status IN ('SENT', 'DELIVERED', 'READ', 'FAILED')))
"""


def settle(
    *,
    broadcast: Broadcast,
    sender: Sender,
    batch_id: UUID,
    outcomes: Sequence[tuple[UUID, Outcome]],
    is_last: bool,
    now: datetime,
) -> Moved:
    """Write down what became of these messages, their counters and their money, at once.

    `is_last`: every message of the batch has its answer, there is nothing left to sweep.
    Late answers of a batch that was swept settle its UNKNOWN messages. Safe to repeat.
    """
    outcomes = spare(outcomes)
    # Put together before the counters are locked: all other batches of the broadcast wait for them.
    params = {
        "outcomes": json.dumps([_told(*each) for each in outcomes]),
        "unknown": unknown_becomes(broadcast),
        "idempotent": _ignores_repeats(sender),
        "is_last": is_last,
        "max_retries": sender.effective_max_retries,
        "backoff": settings.BROADCAST_RETRY_DELAY,
        "max_backoff": MAX_BACKOFF,
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
        _after(broadcast=broadcast, sender=sender, outcomes=outcomes, moved=moved, now=now)
    return moved


def _told(message_id: UUID, outcome: Outcome) -> dict[str, str | float]:
    """An outcome's line of SETTLE's JSON, which costs both sides far less than seven arrays do."""
    told: dict[str, str | float] = {"id": str(message_id), "kind": outcome.kind.value}
    if outcome.provider_message_id:
        told["provider_id"] = storable(outcome.provider_message_id)[:200]
    if outcome.kind != OutcomeKind.ACCEPTED or outcome.code:
        told["code"] = storable(outcome.code)[:64]
        told["provider_code"] = storable(outcome.provider_code)[:64]
        told["message"] = storable(outcome.message)[:500]
        told["wait"] = _wait(outcome)
    return told


def unknown_becomes(broadcast: Broadcast) -> str:
    """What this broadcast wants done with messages whose fate is unknown."""
    return {
        UnknownPolicy.HOLD: MessageStatus.UNKNOWN,
        UnknownPolicy.FAIL: MessageStatus.FAILED,
        UnknownPolicy.RESEND: MessageStatus.PENDING,
    }[UnknownPolicy(broadcast.unknown_policy)].value


def _ignores_repeats(sender: Sender | None) -> bool:
    """Whether this sender's provider drops a message id that it has seen before."""
    return sender is not None and adapter_for(sender.provider).capabilities.idempotent


def _wait(outcome: Outcome) -> float:
    if outcome.kind == OutcomeKind.LIMITED:
        return LIMIT_WITHOUT_TIME if outcome.retry_after is None else outcome.retry_after
    return outcome.retry_after or 0.0


def holds_for(outcomes: Sequence[tuple[UUID, Outcome]]) -> float:
    """Seconds that these answers hold the whole sender for; 0 where they do not."""
    limits = (
        _wait(outcome)
        for _, outcome in outcomes
        if outcome.kind == OutcomeKind.LIMITED and outcome.limit_scope == LimitScope.SENDER
    )
    return max(limits, default=0.0)


def waits_for(outcomes: Sequence[tuple[UUID, Outcome]]) -> float | None:
    """Seconds until the first of these may be sent again; None if none is to be."""
    waits = (_wait(outcome) for _, outcome in outcomes if outcome.kind in _TRY_AGAIN)
    return min(waits, default=None)


def _after(
    *,
    broadcast: Broadcast,
    sender: Sender,
    outcomes: Sequence[tuple[UUID, Outcome]],
    moved: Moved,
    now: datetime,
) -> None:
    if held := holds_for(outcomes):
        until = now + timedelta(seconds=held)
        Sender.objects.filter(Q(held_until=None) | Q(held_until__lt=until), pk=sender.pk).update(
            held_until=until
        )
    if moved.pending:
        wait = waits_for(outcomes)
        if wait is not None:
            wake_lanes(broadcast=broadcast, at=now + timedelta(seconds=wait))
    blocked = [each for each, outcome in outcomes if outcome.cause == FailureCause.OPT_OUT]
    if blocked:
        record_opt_outs(broadcast=broadcast, said_at=dict.fromkeys(blocked, now))
    after_settle(broadcast=broadcast, outcomes=outcomes, now=now)


_TRY_AGAIN = (OutcomeKind.PASSING, OutcomeKind.LIMITED, OutcomeKind.UNKNOWN)
