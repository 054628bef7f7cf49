"""Pauses a broadcast by itself, so that a broken sender or a bad list does not fail every message.

A pause locks the broadcast, which comes before its counters in the lock order, but settling holds
the counters. So every pause here follows the commit of the settling transaction. If the worker dies
before pausing, the next batch is refused too and pauses then.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from broadcast.control.auto_pausing import mark_broken
from broadcast.control.pausing import pause_all
from broadcast.error_codes import is_about_the_recipient
from broadcast.models import Broadcast
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind
from postgres.text import storable

TEMPLATE_PREFIXES = ("template_", "flow_")
"""Codes that begin so are about one template, not about the whole sender."""

Outcomes = Sequence[tuple[UUID, Outcome]]

LAST_MESSAGES = """
-- The newest batches give the last messages: nothing but the order of the batches says which
-- messages were settled last.
WITH newest AS (
    SELECT id, message_ids FROM broadcast_batch
    WHERE broadcast_id = %(broadcast)s AND settled_at IS NOT NULL
      AND claimed_at > coalesce(%(since)s, '-infinity'::timestamptz)
    ORDER BY id DESC LIMIT %(sample)s
), last AS (
    SELECT m.status FROM newest, unnest(newest.message_ids) AS each(id)
    JOIN broadcast_broadcastmessage m ON m.broadcast_id = %(broadcast)s AND m.id = each.id
    WHERE m.batch_id = newest.id AND m.status NOT IN ('PENDING', 'SENDING')
    ORDER BY newest.id DESC LIMIT %(sample)s
)
SELECT count(*), count(*) FILTER (WHERE status = 'FAILED') FROM last
"""


def spare(outcomes: Outcomes) -> Outcomes:
    """These outcomes, changed so that a refusal of our configuration fails no message.

    Such a refusal says nothing about the message, which was certainly not processed. So the message
    waits, its attempt given back, until the pause that follows is lifted. If the provider accepted
    another message of the same cut, the configuration works, and each refusal is the message's own.
    """
    if any(outcome.kind == OutcomeKind.ACCEPTED for _, outcome in outcomes):
        return outcomes
    return [(message_id, _spared(outcome)) for message_id, outcome in outcomes]


def after_settle(*, broadcast: Broadcast, outcomes: Outcomes, now: datetime) -> None:
    """Pause if the outcomes ask for it. Called within the settling transaction, after `spare`."""
    waiting = [outcome for _, outcome in outcomes if _waits_for_config(outcome)]
    if waiting:
        _pause_for_config(broadcast, waiting[0], now=now)
    elif _share_of_failed(outcomes) >= settings.BROADCAST_PAUSE_SHARE:
        transaction.on_commit(partial(_pause_if_too_many_fail, broadcast, now=now))


def pause_for_sender(*, sender_id: UUID, reason: str, now: datetime) -> int:
    """Pause every broadcast that is being sent over this sender; returns the number paused."""
    over_sender = Broadcast.objects.ongoing().filter(sender_id=sender_id, paused_at=None)
    return pause_all(broadcast_ids=over_sender.values_list("pk", flat=True), reason=reason, now=now)


def _is_config(outcome: Outcome) -> bool:
    # A test account may write to certain numbers only; it refuses every other number one by one.
    of_recipient = is_about_the_recipient(outcome.code)
    is_refusal = outcome.kind == OutcomeKind.PERMANENT
    return is_refusal and outcome.cause == FailureCause.CONFIG and not of_recipient


def _spared(outcome: Outcome) -> Outcome:
    if not _is_config(outcome):
        return outcome
    return replace(outcome, kind=OutcomeKind.LIMITED, limit_scope=LimitScope.RECIPIENT)


def _waits_for_config(outcome: Outcome) -> bool:
    return outcome.kind == OutcomeKind.LIMITED and outcome.cause == FailureCause.CONFIG


def _pause_for_config(broadcast: Broadcast, outcome: Outcome, *, now: datetime) -> None:
    reason = storable(outcome.message) or f"The provider refuses the sender: {outcome.code}."
    if outcome.code.startswith(TEMPLATE_PREFIXES):
        act = partial(pause_all, broadcast_ids=[broadcast.pk], reason=reason, now=now)
        transaction.on_commit(act)
        return
    sender_id = broadcast.sender_id
    if sender_id is not None:
        mark_broken(sender_id=sender_id, reason=reason, now=now)
        transaction.on_commit(
            partial(pause_for_sender, sender_id=sender_id, reason=reason, now=now)
        )


def _share_of_failed(outcomes: Outcomes) -> float:
    failed = sum(outcome.kind == OutcomeKind.PERMANENT for _, outcome in outcomes)
    return failed / len(outcomes)


def _pause_if_too_many_fail(broadcast: Broadcast, *, now: datetime) -> None:
    sample = settings.BROADCAST_PAUSE_SAMPLE
    with connection.cursor() as cursor:
        cursor.execute(
            LAST_MESSAGES,
            {"broadcast": broadcast.pk, "since": broadcast.resumed_at, "sample": sample},
        )
        settled, failed = cursor.fetchone()
    if settled >= sample and failed / settled >= settings.BROADCAST_PAUSE_SHARE:
        reason = f"{failed} of its last {settled} messages failed."
        pause_all(broadcast_ids=[broadcast.pk], reason=reason, now=now)
