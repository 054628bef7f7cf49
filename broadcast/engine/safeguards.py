"""Which answers of a batch wait for a repair, and which pause the broadcast.

A broken sender or a bad list must not fail every message. control/auto_pausing.py carries out the
pauses, for receipts too (followup/failures.py). If the worker dies before a pause, the next batch
is refused too and pauses then.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from broadcast.control.auto_pausing import pause_for_config, pause_if_too_many_fail
from broadcast.models import Broadcast
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind
from channels.providers.error_rules import UNMAPPED

MAY_BE_ONE_MESSAGES = frozenset(
    {UNMAPPED, "provider_refused", "sender_forbidden", "sender_refused", "template_missing"}
)
"""Codes of the configuration that a provider also gives for one message of many. Every other such
code concerns all messages of the account, the sender or the template."""

TAKEN = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.WAITING})

Outcomes = Sequence[tuple[UUID, Outcome]]


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


def _share_of_failed(outcomes: Outcomes) -> float:
    """Among the answers that count: a limit of marketing to one person is no failure."""
    counted = [outcome for _, outcome in outcomes if outcome.cause != FailureCause.CAPPED]
    failed = sum(outcome.kind == OutcomeKind.PERMANENT for outcome in counted)
    return failed / len(counted) if counted else 0.0
