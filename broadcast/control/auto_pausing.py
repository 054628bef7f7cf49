"""Automatic pauses: by a stopped template, a deactivated tenant, a broken sender, many failures.

Answers (engine/safeguards.py) and receipts (followup/failures.py) bring about the same pauses. A
pause locks the broadcast, which comes before its counters in the lock order, but settling and
receipts hold the counters. So every pause here follows their commit.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from broadcast.control.pausing import pause_all
from broadcast.error_codes import CAPPED_CODES
from broadcast.models import Broadcast
from channels.models import Sender
from postgres.text import storable
from templates_wa.models import TemplateStatus

TENANT_IS_INACTIVE = "The tenant is not active."

TEMPLATE_PREFIXES = ("template_", "flow_")
"""Codes that begin so are about one template, not about the whole sender."""

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


def pause_for_templates(*, now: datetime) -> int:
    """Pause broadcasts whose template is no longer APPROVED; returns how many were paused.

    The rows decide, whether a webhook, a sync or a user changed the template.
    """
    stopped = (
        Broadcast.objects.ongoing()
        .filter(paused_at=None, template__isnull=False)
        .exclude(template__status=TemplateStatus.APPROVED)
        .values_list("pk", "template__name", "template__status", "template__rejection_reason")
    )
    paused = 0
    for broadcast_id, name, status, reason in stopped:
        text = f"Template {name} is {status}" + (f": {reason}" if reason else ".")
        paused += pause_all(broadcast_ids=[broadcast_id], reason=text, now=now)
    return paused


def pause_for_tenants(*, now: datetime) -> int:
    """Pause the broadcasts of inactive tenants, whose users cannot; returns how many."""
    broadcasts = Broadcast.objects.ongoing().filter(tenant__is_active=False, paused_at=None)
    return pause_all(
        broadcast_ids=broadcasts.values_list("pk", flat=True), reason=TENANT_IS_INACTIVE, now=now
    )


def pause_for_senders(*, now: datetime) -> int:
    """Pause the broadcasts over broken senders; returns how many were paused.

    Most were paused when their sender broke, but a row that was locked then was left out.
    """
    running = (
        Broadcast.objects.ongoing()
        .filter(paused_at=None, sender__broken_at__isnull=False)
        .values_list("pk", "sender__broken_reason")
    )
    return sum(
        pause_all(broadcast_ids=[broadcast_id], reason=reason, now=now)
        for broadcast_id, reason in running
    )


def pause_for_config(broadcast: Broadcast, *, code: str, message: str, now: datetime) -> None:
    """Pause all that cannot be sent until a repair, after the commit.

    That is every broadcast with the template, for a code about one template; else the sender is
    marked as broken, and every broadcast over it is paused, unless a check of the sender has
    succeeded since `now`: answers may be settled late.
    """
    reason = storable(message) or f"The provider refuses the sender: {code}."
    if code.startswith(TEMPLATE_PREFIXES):
        transaction.on_commit(partial(_pause_for_template, broadcast, reason=reason, now=now))
        return
    sender_id = broadcast.sender_id
    if sender_id is not None and not _has_worked_since(sender_id, now):
        mark_broken(sender_id=sender_id, reason=reason, now=now)
        transaction.on_commit(
            partial(pause_for_sender, sender_id=sender_id, reason=reason, now=now)
        )


def pause_for_sender(*, sender_id: UUID, reason: str, now: datetime) -> int:
    """Pause every broadcast that is being sent over this sender; returns the number paused."""
    over_sender = Broadcast.objects.ongoing().filter(sender_id=sender_id, paused_at=None)
    return pause_all(broadcast_ids=over_sender.values_list("pk", flat=True), reason=reason, now=now)


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


def hold_sender(*, sender_id: UUID, until: datetime) -> None:
    """Send nothing over this sender before `until`: the provider asks to slow down."""
    Sender.objects.filter(Q(held_until=None) | Q(held_until__lt=until), pk=sender_id).update(
        held_until=until
    )


def mark_broken(*, sender_id: UUID, reason: str, now: datetime) -> None:
    """Keeps the first reason; later ones are usually consequences."""
    longest = Sender._meta.get_field("broken_reason").max_length
    Sender.objects.filter(pk=sender_id, broken_at=None).update(
        broken_at=now, broken_reason=reason[:longest]
    )


def _has_worked_since(sender_id: UUID, time: datetime) -> bool:
    return Sender.objects.filter(pk=sender_id, worked_at__gt=time).exists()


def _pause_for_template(broadcast: Broadcast, *, reason: str, now: datetime) -> None:
    with_template = Broadcast.objects.filter(pk=broadcast.pk)
    if broadcast.template_id is not None:
        with_template = Broadcast.objects.ongoing().filter(template_id=broadcast.template_id)
    pause_all(broadcast_ids=with_template.values_list("pk", flat=True), reason=reason, now=now)
