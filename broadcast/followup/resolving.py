"""Carries out a user's decision on UNKNOWN messages: send again, perhaps twice, or fail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models, transaction

from broadcast.errors import IllegalMove, UnknownMessages
from broadcast.followup.children import retry_child
from broadcast.lanes.lanes import wake_lanes
from broadcast.models import Broadcast, BroadcastMessage
from broadcast.moves.broadcasts import fresh, lock_family, locked
from broadcast.moves.finishing import finish
from broadcast.moves.messages import append_to_ledger, lock_counters, move
from broadcast.moves.move_sql import Move
from broadcast.states import FINISHED, BroadcastStatus, MessageCode, MessageStatus
from postgres.ids import new_id
from tenants.models import Tenant, User

MAX_SHOWN = 20
"""Message ids in an error's text; the rest is counted."""

UNKNOWN = """
WHERE m.broadcast_id = %(broadcast)s AND m.status = 'UNKNOWN'
  AND (%(ids)s::uuid[] IS NULL OR m.id = ANY(%(ids)s::uuid[]))
"""
FAIL = Move(
    update=f"""
UPDATE broadcast_broadcastmessage m
SET status = 'FAILED', status_at = %(now)s, failed_at = %(now)s, error_code = %(code)s,
    charge_state = CASE WHEN m.charge_state = 'HELD' THEN 'RELEASED' ELSE m.charge_state END
{UNKNOWN}
"""
)
SEND_AGAIN = Move(
    update=f"""
UPDATE broadcast_broadcastmessage m
SET status = 'PENDING', status_at = %(now)s, next_attempt_at = %(now)s, error_code = ''
{UNKNOWN}
"""
)


class Decision(models.TextChoices):
    RESEND = "resend", "Send again, perhaps twice"
    FAIL = "fail", "Count as failed"


@dataclass(frozen=True, slots=True)
class Resolved:
    """`child`: the broadcast that sends again, if the resolved broadcast had finished."""

    broadcast: Broadcast
    count: int
    child: Broadcast | None = None


def resolve_unknown(
    *,
    tenant: Tenant,
    broadcast_id: UUID,
    decision: Decision,
    actor: User | None,
    now: datetime,
    message_ids: Sequence[UUID] | None = None,
) -> Resolved:
    """Resolve all UNKNOWN messages, or the given ones; given messages of other statuses stay.

    FAIL: they become FAILED and their credits are released. RESEND: if the broadcast is still being
    sent, they return to PENDING; if it has finished, they become FAILED with the code `resent`, and
    a child broadcast with its own hold sends to their recipients (docs/adr/0005). Raises
    UnknownMessages, IllegalMove, and for a child whatever a launch raises.
    """
    with transaction.atomic():
        if decision == Decision.RESEND:
            lock_family(broadcast_id, tenant=tenant)
        broadcast = locked(tenant, broadcast_id)
        if message_ids is not None:
            _require_of_broadcast(broadcast, message_ids)
        child = None
        if decision == Decision.FAIL:
            count = _fail(broadcast, message_ids, code=MessageCode.GIVEN_UP, now=now)
        elif broadcast.status == BroadcastStatus.SENDING:
            count = _send_again(broadcast, message_ids, now=now)
        elif broadcast.status in FINISHED:
            count = _fail(broadcast, message_ids, code=MessageCode.RESENT, now=now)
            child = _child(broadcast, actor=actor, now=now) if count else None
        else:
            raise IllegalMove(
                f"Nothing of a broadcast that is {broadcast.status} can be sent again.",
                data={"status": broadcast.status},
            )
        if count:
            finish(broadcast_id=broadcast.pk, now=now)
    return Resolved(
        broadcast=fresh(broadcast), count=count, child=None if child is None else fresh(child)
    )


def _require_of_broadcast(broadcast: Broadcast, message_ids: Sequence[UUID]) -> None:
    existing = set(
        BroadcastMessage.objects.filter(broadcast=broadcast, pk__in=message_ids).values_list(
            "pk", flat=True
        )
    )
    unknown = [str(message_id) for message_id in message_ids if message_id not in existing]
    if unknown:
        raise UnknownMessages(
            f"Not of this broadcast: {', '.join(unknown[:MAX_SHOWN])}.",
            attr="messages",
            data={"unknown": unknown[:MAX_SHOWN], "unknown_count": len(unknown)},
        )


def _fail(
    broadcast: Broadcast, message_ids: Sequence[UUID] | None, *, code: MessageCode, now: datetime
) -> int:
    lock_counters(broadcast.pk)
    moved = move(
        broadcast_id=broadcast.pk,
        update=FAIL,
        params={**_ids(message_ids), "code": code.value, "now": now},
    )
    append_to_ledger(
        broadcast=broadcast,
        moved=moved,
        reference=f"resolved:{new_id()}",
        actor="resolve",
        now=now,
    )
    return moved.count


def _send_again(broadcast: Broadcast, message_ids: Sequence[UUID] | None, *, now: datetime) -> int:
    """Return the messages to PENDING; their credits stay held.

    A late answer that shows acceptance still makes a message SENT before it is sent again.
    """
    lock_counters(broadcast.pk)
    moved = move(
        broadcast_id=broadcast.pk, update=SEND_AGAIN, params={**_ids(message_ids), "now": now}
    )
    wake_lanes(broadcast=broadcast, at=now)
    return moved.count


def _ids(message_ids: Sequence[UUID] | None) -> dict[str, Any]:
    return {"ids": None if message_ids is None else list(message_ids)}


def _child(broadcast: Broadcast, *, actor: User | None, now: datetime) -> Broadcast:
    """A child for the messages that this decision has failed: `status_at` is its time."""
    return retry_child(
        parent=broadcast,
        actor=actor,
        where="m.status = %(failed)s AND m.error_code = %(code)s AND m.status_at = %(now)s",
        params={"failed": MessageStatus.FAILED.value, "code": MessageCode.RESENT.value},
        now=now,
    )
