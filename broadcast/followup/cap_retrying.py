"""Tries recipients again to whom the platform limits marketing, if the broadcast chose so.

The provider's refusal may come as an answer or as a receipt, after the message was charged. So the
message has failed, its credits are released or refunded, and each retry is a child broadcast with a
hold of its own. When no retry is left, the message goes down the fallback ladder.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from broadcast.followup.cap_retry_sql import RETRY_DUE, cap_parameters
from broadcast.followup.children import REACHED, TRIES, launch_or_say_why, retry_draft
from broadcast.models import Broadcast
from broadcast.moves.broadcasts import lock_family
from broadcast.states import FINISHED, BroadcastKind
from postgres.one_by_one import one_by_one

LOOKS_BACK = timedelta(days=3)
"""How long after its end, or its last retry's end, a broadcast is looked at."""
GATHERS_FOR = timedelta(hours=1)
"""Between two retries of one broadcast: recipients who were refused one after another share one."""

TO_RETRY = f"{RETRY_DUE} AND NOT {REACHED}"
HAS_MESSAGES_TO_RETRY = f"""
WITH RECURSIVE {TRIES}
SELECT EXISTS (SELECT FROM broadcast_broadcastmessage m
               WHERE m.broadcast_id = %(broadcast)s AND m.status = 'FAILED' AND {TO_RETRY})
"""


def retry_capped(*, now: datetime) -> int:
    """Start the retries that are due, one child for each broadcast; returns their number.

    Safe to repeat, by any number of beats: each broadcast is locked and checked again.
    """
    earliest = now - LOOKS_BACK
    candidates = (
        Broadcast.objects.filter(status__in=FINISHED, tenant__is_active=True)
        .filter(frequency_cap_retries__gt=0, counters__failed__gt=0)
        .exclude(kind=BroadcastKind.RETRY)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .filter(Q(finished_at__gt=earliest) | Q(children__finished_at__gt=earliest))
        .exclude(children__kind=BroadcastKind.RETRY, children__created_at__gt=now - GATHERS_FOR)
        .order_by("finished_at")
        .values_list("pk", flat=True)
        .distinct()
    )
    return one_by_one(
        Broadcast.objects.in_bulk(list(candidates)).values(),
        lambda parent: _has_some(parent, now=now) and _retry(parent.pk, now=now),
    )


def _has_some(parent: Broadcast, *, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            HAS_MESSAGES_TO_RETRY, {**cap_parameters(parent, now=now), "broadcast": parent.pk}
        )
        return bool(cursor.fetchone()[0])


def _retry(parent_id: UUID, *, now: datetime) -> bool:
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
        child, copied = retry_draft(
            parent=parent,
            actor=None,
            where=TO_RETRY,
            params=cap_parameters(parent, now=now),
            now=now,
        )
        if not copied:
            transaction.set_rollback(True)
            return False
        launch_or_say_why(child, now=now)
    return True
