"""Pauses a broadcast by itself, so that a broken sender or a bad list does not fail every message.

Answers and receipts have the same consequences: `after_settle` and followup/failures.py call the
same functions. A pause locks the broadcast, which comes before its counters in the lock order, but
settling holds the counters. So every pause here follows the commit of the settling transaction. If
the worker dies before pausing, the next batch is refused too and pauses then.
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
from broadcast.error_codes import CAPPED_CODES
from broadcast.models import Broadcast
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind
from channels.providers.error_rules import UNMAPPED
from postgres.text import storable

TEMPLATE_PREFIXES = ("template_", "flow_")
"""Codes that begin so are about one template, not about the whole sender."""

MAY_BE_ONE_MESSAGES = frozenset(
    {UNMAPPED, "provider_refused", "sender_forbidden", "sender_refused", "template_missing"}
)
"""Codes of the configuration that a provider also gives for one message of many. Every other such
code concerns all messages of the account, the sender or the template."""

TAKEN = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.WAITING})

Outcomes = Sequence[tuple[UUID, Outcome]]

LAST_MESSAGES = """
-- The newest batches, up to a given one, give the last messages: nothing but the order of the
-- batches says which messages were settled last. Messages that failed by a limit of marketing to
-- one person count neither as failed nor as sent.
WITH newest AS (
    SELECT id, message_ids FROM broadcast_batch
    WHERE broadcast_id = %(broadcast)s AND settled_at IS NOT NULL
      AND claimed_at > coalesce(%(since)s, '-infinity'::timestamptz)
      AND (%(up_to)s::uuid IS NULL OR id <= %(up_to)s::uuid)
    ORDER BY id DESC LIMIT %(sample)s
), last AS (
    SELECT m.status FROM newest, unnest(newest.message_ids) AS each(id)
    JOIN broadcast_broadcastmessage m ON m.broadcast_id = %(broadcast)s AND m.id = each.id
    WHERE m.batch_id = newest.id AND m.status NOT IN ('PENDING', 'SENDING')
      AND NOT (m.status = 'FAILED' AND m.error_code = ANY(%(capped)s))
    ORDER BY newest.id DESC LIMIT %(sample)s
)
SELECT count(*), count(*) FILTER (WHERE status = 'FAILED') FROM last
"""


def spare(outcomes: Outcomes) -> Outcomes:
    """These outcomes, changed so that a refusal of our configuration fails no message.

    Such a refusal says nothing about the message, which was certainly not processed. So the message
    waits, its attempt given back, until the pause that follows is lifted. The code's class and the
    order of the answers decide, because a token may be revoked amid a batch: only a code of
    MAY_BE_ONE_MESSAGES is the message's own, and only if the provider took a later message.
    """
    last_taken = max(
        (n for n, (_, outcome) in enumerate(outcomes) if outcome.kind in TAKEN), default=-1
    )
    return [
        (message_id, _spared(outcome) if n > last_taken or _is_lasting(outcome) else outcome)
        for n, (message_id, outcome) in enumerate(outcomes)
    ]


def after_settle(*, broadcast: Broadcast, outcomes: Outcomes, now: datetime) -> None:
    """Pause if the outcomes ask for it. Called within the settling transaction, after `spare`."""
    waiting = [outcome for _, outcome in outcomes if _waits_for_config(outcome)]
    if waiting:
        pause_for_config(broadcast, code=waiting[0].code, message=waiting[0].message, now=now)
    elif _share_of_failed(outcomes) >= settings.BROADCAST_PAUSE_SHARE:
        transaction.on_commit(partial(pause_if_too_many_fail, broadcast, now=now))


def pause_for_sender(*, sender_id: UUID, reason: str, now: datetime) -> int:
    """Pause every broadcast that is being sent over this sender; returns the number paused."""
    over_sender = Broadcast.objects.ongoing().filter(sender_id=sender_id, paused_at=None)
    return pause_all(broadcast_ids=over_sender.values_list("pk", flat=True), reason=reason, now=now)


def pause_for_config(broadcast: Broadcast, *, code: str, message: str, now: datetime) -> None:
    """Pause all that cannot be sent until a repair, after the commit.

    That is every broadcast with the template, for a code about one template; else the sender is
    marked as broken, and every broadcast over it is paused.
    """
    reason = storable(message) or f"The provider refuses the sender: {code}."
    if code.startswith(TEMPLATE_PREFIXES):
        transaction.on_commit(partial(_pause_for_template, broadcast, reason=reason, now=now))
        return
    sender_id = broadcast.sender_id
    if sender_id is not None:
        mark_broken(sender_id=sender_id, reason=reason, now=now)
        transaction.on_commit(
            partial(pause_for_sender, sender_id=sender_id, reason=reason, now=now)
        )


def pause_if_too_many_fail(
    broadcast: Broadcast, *, now: datetime, up_to: UUID | None = None
) -> None:
    """Pause if too many of the last messages failed; the caller holds no lock.

    `up_to`: a batch. Receipts come later than answers, so they are judged by the messages that were
    sent before theirs: the newest messages have no receipt yet.
    """
    sample = settings.BROADCAST_PAUSE_SAMPLE
    with connection.cursor() as cursor:
        cursor.execute(
            LAST_MESSAGES,
            {
                "broadcast": broadcast.pk,
                "since": broadcast.resumed_at,
                "sample": sample,
                "up_to": up_to,
                "capped": sorted(CAPPED_CODES),
            },
        )
        settled, failed = cursor.fetchone()
    if settled >= sample and failed / settled >= settings.BROADCAST_PAUSE_SHARE:
        reason = f"{failed} of its last {settled} messages failed."
        pause_all(broadcast_ids=[broadcast.pk], reason=reason, now=now)


def _is_config(outcome: Outcome) -> bool:
    return outcome.kind == OutcomeKind.PERMANENT and outcome.cause == FailureCause.CONFIG


def _is_lasting(outcome: Outcome) -> bool:
    return _is_config(outcome) and outcome.code not in MAY_BE_ONE_MESSAGES


def _spared(outcome: Outcome) -> Outcome:
    if not _is_config(outcome):
        return outcome
    return replace(outcome, kind=OutcomeKind.LIMITED, limit_scope=LimitScope.RECIPIENT)


def _waits_for_config(outcome: Outcome) -> bool:
    return outcome.kind == OutcomeKind.LIMITED and outcome.cause == FailureCause.CONFIG


def _pause_for_template(broadcast: Broadcast, *, reason: str, now: datetime) -> None:
    with_template = Broadcast.objects.filter(pk=broadcast.pk)
    if broadcast.template_id is not None:
        with_template = Broadcast.objects.ongoing().filter(template_id=broadcast.template_id)
    pause_all(broadcast_ids=with_template.values_list("pk", flat=True), reason=reason, now=now)


def _share_of_failed(outcomes: Outcomes) -> float:
    """Among the answers that count: a limit of marketing to one person is no failure."""
    counted = [outcome for _, outcome in outcomes if outcome.cause != FailureCause.CAPPED]
    failed = sum(outcome.kind == OutcomeKind.PERMANENT for outcome in counted)
    return failed / len(counted) if counted else 0.0
