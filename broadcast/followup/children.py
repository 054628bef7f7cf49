"""Child broadcasts: a further try for some of a broadcast's recipients, and the family's sums.

A child has its own plan, hold and rows; each of its rows names the row that it follows. So a row is
never sent again under another row's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from broadcast.control.launching import launch
from broadcast.models import Broadcast, BroadcastCounters
from broadcast.moves.broadcasts import save_new
from broadcast.planning.plan import SIXTY_BITS
from broadcast.states import BroadcastKind, MessageStatus
from tenants.models import User

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
"""No `fallback`: whom the further try does not reach either goes down its parent's ladder."""
MAX_NAME = 200

# `m`: the parent's row. Addressed and priced when the child is planned, right after this.
COPY_ROWS = f"""
INSERT INTO broadcast_broadcastmessage (
    id, tenant_id, broadcast_id, seq, contact_id, overrides, variables, token, status, error_code,
    provider_error_code, error_message, provider_message_id, attempts, price, currency, country,
    segments, charge_state, clicked, created_at, status_at, parent_message_id)
SELECT uuidv7(), m.tenant_id, %(child)s, row_number() OVER (ORDER BY m.seq), m.contact_id,
       m.overrides, '{{{{}}}}'::jsonb, {SIXTY_BITS}, 'PENDING', '', '', '', '', 0, 0, '', '', 1, '',
       false, %(now)s, %(now)s, m.id
FROM broadcast_broadcastmessage m
WHERE m.broadcast_id = %(parent)s AND {{where}}
ORDER BY m.seq
"""

# The broadcast itself and all that descend from it.
FAMILY = """
family AS (
    SELECT id, 0 AS depth FROM broadcast_broadcast WHERE id = %(broadcast)s
    UNION ALL
    SELECT b.id, f.depth + 1 FROM broadcast_broadcast b JOIN family f ON b.parent_id = f.id
)
"""

# All tries for its recipients: it descends from the same broadcast as they do.
TRIES = """
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

# Somebody who was reached, or may still be, by another try: never tried a second time at once.
# OFFSET 0: looked up in the index for each message; as a join it would read all tenants' messages.
REACHED = """
EXISTS (
    SELECT FROM tries JOIN broadcast_broadcastmessage other ON other.broadcast_id = tries.id
    WHERE tries.id <> %(broadcast)s AND other.contact_id = m.contact_id
      AND other.status NOT IN ('FAILED', 'SUPPRESSED', 'CANCELLED', 'EXPIRED')
    OFFSET 0
)
"""


def retry_child(
    *,
    parent: Broadcast,
    actor: User | None,
    where: str,
    params: Mapping[str, Any],
    now: datetime,
) -> Broadcast:
    """A child for the parent's rows `m` that `where` picks, planned, held and queued.

    The caller holds the parent's lock. Raises as sending does: then there is no child.
    """
    child = Broadcast(
        tenant=parent.tenant,
        kind=BroadcastKind.RETRY,
        parent=parent,
        created_by=actor,
        name=f"{parent.name[: MAX_NAME - 10]} (retry)",
        **{name: getattr(parent, name) for name in COPIED_FIELDS},
    )
    save_new(child)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE {TRIES} {COPY_ROWS.format(where=where)}",
            {
                **params,
                "broadcast": parent.pk,
                "parent": parent.pk,
                "child": child.pk,
                "now": now,
            },
        )
        copied = cursor.rowcount
    BroadcastCounters.objects.create(broadcast=child, total=copied, pending=copied)
    launch(child, at=None, now=now)
    return child


@dataclass(frozen=True, slots=True)
class Family:
    """A broadcast and its children together. A recipient counts once in each try."""

    broadcasts: list[dict[str, str]]
    counts: dict[str, int]
    handed_over: int
    cost: str


STATUS_NAMES = [status.lower() for status in MessageStatus.values]
SUMS = f"""
WITH RECURSIVE {FAMILY}
SELECT count(*), coalesce(sum(handed_over), 0), coalesce(sum(cost), 0),
       {", ".join(f"coalesce(sum({name}), 0)" for name in STATUS_NAMES)},
       json_agg(json_build_object('id', b.id, 'kind', b.kind, 'platform', b.platform,
                                  'status', b.status) ORDER BY b.id)
FROM family JOIN broadcast_broadcastcounters c ON c.broadcast_id = family.id
JOIN broadcast_broadcast b ON b.id = family.id
"""


def family_of(broadcast: Broadcast) -> Family | None:
    """Its sums with those of its children, in one statement; None where it has none."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {"broadcast": broadcast.pk})
        number, handed_over, cost, *counts, members = cursor.fetchone()
    if number <= 1:
        return None
    return Family(
        broadcasts=members,
        counts={name: int(each) for name, each in zip(STATUS_NAMES, counts, strict=True)},
        handed_over=int(handed_over),
        cost=f"{cost:.6f}",
    )
