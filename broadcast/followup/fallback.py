"""The fallback ladder: who could not be reached is written to again over the next rung's platform.

Only messages that are proven not delivered go on: FAILED, by a refusal for good or by a receipt (a
revoked RCS message is one); never UNKNOWN, nor what is only counted as failed because nobody knows;
never an opt-out. Each rung is a child broadcast with
its own plan, hold and charge; it carries the rungs that are left.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DataError, connection, transaction
from django.db.models import Q

from api.errors import DomainError
from broadcast.control.launching import OUT_OF_RANGE, launch
from broadcast.followup.children import REACHED, TRIES
from broadcast.models import Broadcast, BroadcastCounters
from broadcast.moves.broadcasts import lock_family, save_new
from broadcast.planning.plan import SIXTY_BITS
from broadcast.states import FINISHED, BroadcastKind, MessageCode
from postgres.one_by_one import one_by_one

LOOKS_BACK = timedelta(days=3)
"""How long after its end, or its retry's, late failures still fall back: as receipts take."""

FIXED_FIELDS = frozenset({"platform", "sender", "category", "provider_template_id"})
RUNG_FIELDS = tuple(name for name in Broadcast.CONTENT_FIELDS if name not in FIXED_FIELDS)
"""Fields that a rung may override. Others are empty; `text` falls back to the parent's."""

NOT_PROVEN = (MessageCode.GIVEN_UP, MessageCode.RETRIES_EXHAUSTED, MessageCode.RESENT)
"""FAILED with these, a message may have reached its recipient all the same."""

log = structlog.get_logger(__name__)

# A message goes on to one rung, once. Not while any other try, a retry of it or of an earlier rung,
# may still reach its recipient, or has, or has found them opted out: where it fails, the ladder
# goes on. The contact and OFFSET 0 each time: else every message is looked for among all others.
TO_GO_ON = f"""
    m.broadcast_id = %(broadcast)s AND m.status = 'FAILED' AND m.error_code <> %(opted_out)s
    AND m.error_code <> ALL(%(not_proven)s)
    AND NOT {REACHED}
    AND NOT EXISTS (
        SELECT FROM tries JOIN broadcast_broadcastmessage c ON c.broadcast_id = tries.id
        WHERE tries.id <> %(broadcast)s AND c.contact_id = m.contact_id
          AND c.status = 'FAILED' AND c.error_code = %(opted_out)s
        OFFSET 0
    )
    AND NOT EXISTS (
        SELECT FROM broadcast_broadcast b
        JOIN broadcast_broadcastmessage c
          ON c.broadcast_id = b.id AND c.contact_id = m.contact_id AND c.parent_message_id = m.id
        WHERE b.parent_id = %(broadcast)s AND b.kind = 'FALLBACK'
        OFFSET 0
    )
"""
WHOM = f"WITH RECURSIVE {TRIES}"
SOMEBODY = f"{WHOM} SELECT EXISTS (SELECT FROM broadcast_broadcastmessage m WHERE {TO_GO_ON})"
INSERT = f"""
{WHOM}
INSERT INTO broadcast_broadcastmessage
    (id, tenant_id, broadcast_id, seq, contact_id, overrides, token, created_at, status_at,
     parent_message_id)
SELECT uuidv7(), m.tenant_id, %(child)s, row_number() OVER (ORDER BY m.seq), m.contact_id,
       m.overrides, {SIXTY_BITS}, %(now)s, %(now)s, m.id
FROM broadcast_broadcastmessage m WHERE {TO_GO_ON}
ORDER BY m.seq
"""


def fall_back(*, now: datetime) -> int:
    """Start the next rung of every finished broadcast with messages to go on; how many it started.

    Safe to repeat, by any number of beats: each broadcast is locked and looked at again.
    """
    lately = now - LOOKS_BACK
    candidates = (
        Broadcast.objects.filter(status__in=FINISHED, tenant__is_active=True)
        .filter(Q(finished_at__gt=lately) | Q(children__finished_at__gt=lately))
        .exclude(fallback=[])
        .exclude(
            children__created_at__gt=now - timedelta(seconds=settings.BROADCAST_FALLBACK_DELAY)
        )
        .order_by("finished_at")
        .values_list("pk", flat=True)
        .distinct()
    )
    return one_by_one(
        candidates, lambda parent_id: _has_some(parent_id) and _next_rung(parent_id, now=now)
    )


def _has_some(parent_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(SOMEBODY, asked_of(parent_id))
        return bool(cursor.fetchone()[0])


def asked_of(parent_id: UUID) -> dict[str, Any]:
    """The parameters of SOMEBODY."""
    return {
        "broadcast": parent_id,
        "opted_out": MessageCode.OPTED_OUT.value,
        "not_proven": [code.value for code in NOT_PROVEN],
    }


def _next_rung(parent_id: UUID, *, now: datetime) -> bool:
    with transaction.atomic():
        if not lock_family(parent_id, wait=False):
            return False
        parent = (
            Broadcast.objects.locked(skip_locked=True)
            .filter(pk=parent_id, status__in=FINISHED)
            .first()
        )
        if parent is None:
            return False
        child = _child(parent, rung=parent.fallback[0])
        save_new(child)
        rows = _plan_those_who_failed(parent, child, now=now)
        if not rows:
            transaction.set_rollback(True)
            return False
        BroadcastCounters.objects.create(broadcast=child, total=rows, pending=rows)
        _launch_or_say_why(child, now=now)
    return True


def _child(parent: Broadcast, *, rung: Mapping[str, Any]) -> Broadcast:
    """DRAFT. What was approved was the whole ladder, so its approval holds for the rung too."""
    said = {name: rung[name] for name in RUNG_FIELDS if rung.get(name)}
    step = parent.fallback_step + 1
    return Broadcast(
        tenant=parent.tenant,
        created_by_id=parent.created_by_id,
        approved_by_id=parent.approved_by_id,
        approved_at=parent.approved_at,
        parent=parent,
        kind=BroadcastKind.FALLBACK,
        fallback_step=step,
        fallback=parent.fallback[1:],
        name=f"{parent.name[:180]} · {rung['platform']}",
        platform=rung["platform"],
        sender_id=rung.get("sender"),
        category=parent.category,
        provider_template_id=rung.get("provider_template_id", ""),
        track_urls=parent.track_urls,
        unknown_policy=parent.unknown_policy,
        send_window=parent.send_window,
        expires_at=parent.expires_at,
        **{"text": parent.text, **said},
    )


def _plan_those_who_failed(parent: Broadcast, child: Broadcast, *, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, {**asked_of(parent.pk), "child": child.pk, "now": now})
        rows: int = cursor.rowcount
    return rows


def _launch_or_say_why(child: Broadcast, *, now: datetime) -> None:
    """A rung that cannot start stays a DRAFT with its reason: somebody can mend it and send it."""
    try:
        with transaction.atomic():
            launch(child, at=None, now=now)
    except (DomainError, DataError) as refusal:
        reason, code = OUT_OF_RANGE, "out_of_range"
        if isinstance(refusal, DomainError):
            reason, code = refusal.detail, refusal.code
        Broadcast.objects.filter(pk=child.pk).update(status_reason=reason[:200])
        log.warning("fallback_not_started", broadcast=str(child.pk), code=code)
