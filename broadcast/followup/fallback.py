"""The fallback ladder: a recipient who was not reached is written to over the next platform.

Only messages that were provably not delivered fall back: FAILED by a permanent refusal or by a
receipt (a revoked RCS message is FAILED, too). An UNKNOWN message never falls back, nor does one
that only counts as failed because its fate is unknown, nor one that failed by an opt-out. Each rung
is a child broadcast with its own plan, hold and charge; it carries the rungs that are left.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from broadcast.followup.cap_retry_sql import RETRY_TO_COME, cap_parameters
from broadcast.followup.children import REACHED, TRIES, copy_rows, launch_or_say_why
from broadcast.models import Broadcast, BroadcastCounters
from broadcast.models.lengths import MAX_NAME
from broadcast.moves.broadcasts import lock_family, save_new
from broadcast.states import FINISHED, BroadcastKind, MessageCode
from postgres.one_by_one import one_by_one

LOOKS_BACK = timedelta(days=3)
"""How long after its end, or its retry's end, late failures still fall back: receipts take as
long."""

FIXED_FIELDS = frozenset({"platform", "sender", "category", "provider_template_id"})
"""Content fields of a rung that come from the rung alone, or from the parent alone."""
RUNG_FIELDS = tuple(name for name in Broadcast.CONTENT_FIELDS if name not in FIXED_FIELDS)
"""Fields that a rung may override. Others are empty; `text` falls back to the parent's."""

NOT_PROVEN = (
    MessageCode.GIVEN_UP,
    MessageCode.HOLD_EXPIRED,
    MessageCode.RETRIES_EXHAUSTED,
    MessageCode.RESENT,
)
"""Codes of FAILED messages that may have reached their recipients all the same."""

TO_FALL_BACK = f"""
-- A message falls back to one rung, once, and only while no other try of it (a retry, an earlier
-- rung) is open, to come, delivered or answered by an opt-out. Each subquery names the contact and
-- ends with OFFSET 0: else PostgreSQL would look for every message among all others.
    m.status = 'FAILED' AND m.error_code <> %(opted_out)s
    AND m.error_code <> ALL(%(not_proven)s)
    AND NOT {REACHED}
    AND NOT {RETRY_TO_COME}
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
HAS_MESSAGES_TO_FALL_BACK = f"""
WITH RECURSIVE {TRIES}
SELECT EXISTS (SELECT FROM broadcast_broadcastmessage m
               WHERE m.broadcast_id = %(broadcast)s AND {TO_FALL_BACK})
"""
COPY_THOSE_TO_FALL_BACK = copy_rows(TO_FALL_BACK)


def fall_back(*, now: datetime) -> int:
    """Start the next rung of every finished broadcast that has messages to fall back.

    Returns the number of rungs started. Safe to repeat, by any number of beats: each broadcast is
    locked and checked again.
    """
    earliest = now - LOOKS_BACK
    candidates = (
        Broadcast.objects.filter(status__in=FINISHED, tenant__is_active=True)
        .filter(Q(finished_at__gt=earliest) | Q(children__finished_at__gt=earliest))
        .exclude(fallback=[])
        .exclude(
            children__created_at__gt=now - timedelta(seconds=settings.BROADCAST_FALLBACK_DELAY)
        )
        .order_by("finished_at")
        .values_list("pk", flat=True)
        .distinct()
    )
    return one_by_one(
        Broadcast.objects.in_bulk(list(candidates)).values(),
        lambda parent: _has_some(parent, now=now) and _next_rung(parent.pk, now=now),
    )


def _has_some(parent: Broadcast, *, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(HAS_MESSAGES_TO_FALL_BACK, parameters_of(parent, now=now))
        return bool(cursor.fetchone()[0])


def parameters_of(parent: Broadcast, *, now: datetime) -> dict[str, Any]:
    """The parameters of TO_FALL_BACK."""
    return {
        **cap_parameters(parent, now=now),
        "broadcast": parent.pk,
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
        copied = _copy_messages(parent, child, now=now)
        if not copied:
            transaction.set_rollback(True)
            return False
        BroadcastCounters.objects.create(broadcast=child, total=copied, pending=copied)
        launch_or_say_why(child, now=now)
    return True


def _child(parent: Broadcast, *, rung: Mapping[str, Any]) -> Broadcast:
    """A DRAFT for this rung. The approval was for the whole ladder, so it holds for the rung."""
    overrides = {name: rung[name] for name in RUNG_FIELDS if rung.get(name)}
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
        name=f"{parent.name[: MAX_NAME - 20]} · {rung['platform']}",
        platform=rung["platform"],
        sender_id=rung.get("sender"),
        category=parent.category,
        provider_template_id=rung.get("provider_template_id", ""),
        track_urls=parent.track_urls,
        unknown_policy=parent.unknown_policy,
        frequency_cap_retries=parent.frequency_cap_retries,
        send_window=parent.send_window,
        expires_at=parent.expires_at,
        **{"text": parent.text, **overrides},
    )


def _copy_messages(parent: Broadcast, child: Broadcast, *, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            COPY_THOSE_TO_FALL_BACK, {**parameters_of(parent, now=now), "child": child.pk}
        )
        copied: int = cursor.rowcount
    return copied
