"""Child broadcasts: another try for some of a broadcast's recipients, and the sums of a family.

A child has its own plan, hold and messages. Each of its messages names the parent's message that it
follows, so no message is ever sent again under another message's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import DataError, connection, transaction

from api.errors import DomainError
from broadcast.control.launching import OUT_OF_RANGE, launch
from broadcast.models import Broadcast, BroadcastCounters
from broadcast.models.lengths import MAX_NAME, MAX_STATUS_REASON
from broadcast.moves.broadcasts import save_new
from broadcast.planning.plan import SIXTY_BITS
from broadcast.states import COUNTED, BroadcastKind
from tenants.models import User

log = structlog.get_logger(__name__)

COPIED_FIELDS = (
    *Broadcast.CONTENT_FIELDS,
    "template",
    "track_urls",
    "unknown_policy",
    "send_window",
    "expires_at",
    "approved_by",
    "approved_at",
)
"""Fields that a retry takes from its parent. Not `fallback`: a recipient whom the retry does not
reach goes down the parent's ladder."""

FAMILY = """
-- The broadcast and all its descendants.
family AS (
    SELECT id, 0 AS depth FROM broadcast_broadcast WHERE id = %(broadcast)s
    UNION ALL
    SELECT b.id, f.depth + 1 FROM broadcast_broadcast b JOIN family f ON b.parent_id = f.id
)
"""

TRIES = """
-- All broadcasts with the same root as this one: every try for its recipients is among them.
line AS (
    SELECT id, parent_id FROM broadcast_broadcast WHERE id = %(broadcast)s
    UNION ALL
    SELECT b.id, b.parent_id FROM broadcast_broadcast b JOIN line ON b.id = line.parent_id
), tries AS (
    SELECT id FROM line WHERE parent_id IS NULL
    UNION ALL
    SELECT b.id FROM broadcast_broadcast b JOIN tries ON b.parent_id = tries.id
)
"""

REACHED = """
-- True where another try has reached this contact or still may: never send two at once.
-- OFFSET 0 makes PostgreSQL use the index for each message: a join would read the messages of all
-- tenants.
EXISTS (
    SELECT FROM tries JOIN broadcast_broadcastmessage other ON other.broadcast_id = tries.id
    WHERE tries.id <> %(broadcast)s AND other.contact_id = m.contact_id
      AND other.status NOT IN ('FAILED', 'SUPPRESSED', 'CANCELLED', 'EXPIRED')
    OFFSET 0
)
"""

SUMS = f"""
WITH RECURSIVE {FAMILY}
SELECT count(*), coalesce(sum(handed_over), 0), coalesce(sum(cost), 0),
       {", ".join(f"coalesce(sum({name}), 0)" for name in COUNTED)},
       json_agg(json_build_object('id', b.id, 'kind', b.kind, 'platform', b.platform,
                                  'status', b.status) ORDER BY b.id)
FROM family JOIN broadcast_broadcastcounters c ON c.broadcast_id = family.id
JOIN broadcast_broadcast b ON b.id = family.id
"""


def copy_rows(where: str) -> str:
    """Inserts a child's message for each of the parent's messages `m` that `where` selects.

    Their addresses and prices come with the child's plan. Parameters: broadcast (the parent),
    child, now, and those of `where`, which may read the CTE `tries`.
    """
    return f"""
WITH RECURSIVE {TRIES}
INSERT INTO broadcast_broadcastmessage (
    id, tenant_id, broadcast_id, seq, contact_id, overrides, token, created_at, status_at,
    parent_message_id)
SELECT uuidv7(), m.tenant_id, %(child)s, row_number() OVER (ORDER BY m.seq), m.contact_id,
       m.overrides, {SIXTY_BITS}, %(now)s, %(now)s, m.id
FROM broadcast_broadcastmessage m
WHERE m.broadcast_id = %(broadcast)s AND {where}
ORDER BY m.seq
"""


def retry_child(
    *,
    parent: Broadcast,
    actor: User | None,
    where: str,
    params: Mapping[str, Any],
    now: datetime,
) -> Broadcast:
    """A child for the parent's messages `m` that `where` selects: planned, held and queued.

    The caller has locked the parent. Raises whatever a launch raises; then there is no child.
    """
    child, _ = retry_draft(parent=parent, actor=actor, where=where, params=params, now=now)
    launch(child, at=None, now=now)
    return child


def retry_draft(
    *,
    parent: Broadcast,
    actor: User | None,
    where: str,
    params: Mapping[str, Any],
    now: datetime,
) -> tuple[Broadcast, int]:
    """A DRAFT for the parent's messages `m` that `where` selects, and their number."""
    child = Broadcast(
        tenant=parent.tenant,
        kind=BroadcastKind.RETRY,
        parent=parent,
        created_by=actor,
        name=f"{parent.name[: MAX_NAME - 10]} (retry)",
        **{name: getattr(parent, name) for name in COPIED_FIELDS},
    )
    child.template_params = parent.all_params  # the defaults of the parent's launch
    save_new(child)
    with connection.cursor() as cursor:
        cursor.execute(
            copy_rows(where), {**params, "broadcast": parent.pk, "child": child.pk, "now": now}
        )
        copied = cursor.rowcount
    BroadcastCounters.objects.create(broadcast=child, total=copied, pending=copied)
    return child, copied


def launch_or_say_why(child: Broadcast, *, now: datetime) -> None:
    """A child that cannot start stays a DRAFT with the reason; a user can correct and send it."""
    try:
        with transaction.atomic():
            launch(child, at=None, now=now)
    except (DomainError, DataError) as refusal:
        reason, code = OUT_OF_RANGE, "out_of_range"
        if isinstance(refusal, DomainError):
            reason, code = refusal.detail, refusal.code
        Broadcast.objects.filter(pk=child.pk).update(status_reason=reason[:MAX_STATUS_REASON])
        log.warning("child_not_started", broadcast=str(child.pk), kind=child.kind, code=code)


@dataclass(frozen=True, slots=True)
class Family:
    """The sums of a broadcast and its children. A recipient counts once in each try."""

    broadcasts: list[dict[str, str]]
    counts: dict[str, int]
    handed_over: int
    cost: str


def family_of(broadcast: Broadcast) -> Family | None:
    """The broadcast's sums with those of its children, in one statement; None without children."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {"broadcast": broadcast.pk})
        number, handed_over, cost, *counts, members = cursor.fetchone()
    if number <= 1:
        return None
    return Family(
        broadcasts=members,
        counts={name: int(count) for name, count in zip(COUNTED, counts, strict=True)},
        handed_over=int(handed_over),
        cost=f"{cost:.6f}",
    )
