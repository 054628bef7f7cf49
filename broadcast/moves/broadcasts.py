"""The first and the last step of every action on a broadcast: lock, check the move, save."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from broadcast.errors import BroadcastNotFound, IllegalMove, ReferenceTaken
from broadcast.models import Broadcast
from broadcast.moves.messages import Moved, lock_counters, move
from broadcast.moves.move_sql import Move
from broadcast.states import BROADCAST_MOVES, BroadcastStatus
from tenants.models import Tenant

ROOT = """
-- Parents never change, so the root is the same before and after its lock.
WITH RECURSIVE line AS (
    SELECT id, parent_id FROM broadcast_broadcast
    WHERE id = %(broadcast)s AND (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s)
    UNION ALL
    SELECT b.id, b.parent_id FROM broadcast_broadcast b JOIN line ON b.id = line.parent_id
)
SELECT FROM broadcast_broadcast
WHERE id = (SELECT id FROM line WHERE parent_id IS NULL) FOR NO KEY UPDATE
"""

MOVE_PENDING = Move(
    update="""
UPDATE broadcast_broadcastmessage m
SET status = %(status)s, status_at = %(now)s, next_attempt_at = NULL, error_code = %(code)s,
    charge_state = CASE WHEN m.charge_state = 'HELD' THEN %(charge)s ELSE m.charge_state END
WHERE m.broadcast_id = %(broadcast)s AND m.status = 'PENDING'
"""
)


def locked(tenant: Tenant, broadcast_id: UUID) -> Broadcast:
    """The tenant's broadcast, its row locked. Raises BroadcastNotFound."""
    broadcast = (
        Broadcast.objects.for_tenant(tenant)
        .locked()
        .select_related("tenant", "sender", "template", "counters")
        .filter(pk=broadcast_id)
        .first()
    )
    if broadcast is None:
        raise BroadcastNotFound("There is no such broadcast.")
    return broadcast


def lock_family(broadcast_id: UUID, *, tenant: Tenant | None = None, wait: bool = True) -> bool:
    """Lock the broadcast from which this one descends; False if it could not be locked.

    Call this before locking the broadcast itself: the older row is locked first. Starting a child
    reads the messages of the whole family. Without this lock, another child that is started at the
    same time would stay invisible until its commit.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            ROOT if wait else f"{ROOT} SKIP LOCKED",
            {"broadcast": broadcast_id, "tenant": None if tenant is None else tenant.pk},
        )
        return bool(cursor.rowcount)


def fresh(broadcast: Broadcast) -> Broadcast:
    """The broadcast read again from the database, where SQL has changed its counters."""
    return Broadcast.objects.select_related("tenant", "sender", "template", "counters").get(
        pk=broadcast.pk
    )


def require_move(broadcast: Broadcast, to: BroadcastStatus) -> None:
    """Raises IllegalMove if the broadcast's status may not become `to`."""
    if to not in BROADCAST_MOVES[BroadcastStatus(broadcast.status)]:
        raise IllegalMove(
            f"A broadcast that is {broadcast.status} cannot become {to.value}.",
            data={"status": broadcast.status},
        )


def lift_pause(broadcast: Broadcast, *, now: datetime) -> None:
    """Messages sent before the resume no longer count towards an automatic pause. Does not save."""
    if broadcast.paused_at is not None:
        broadcast.paused_at, broadcast.pause_reason, broadcast.resumed_at = None, "", now


def save(broadcast: Broadcast) -> None:
    """Raises ReferenceTaken."""
    _save(broadcast, force_insert=False)


def save_new(broadcast: Broadcast) -> None:
    """Raises ReferenceTaken."""
    _save(broadcast, force_insert=True)


def _save(broadcast: Broadcast, *, force_insert: bool) -> None:
    try:
        with transaction.atomic():
            broadcast.save(force_insert=force_insert)
    except IntegrityError as error:
        if "broadcast_reference_once_per_tenant" not in str(error):
            raise
        raise ReferenceTaken(
            f"Another broadcast has the reference {broadcast.reference}.", attr="reference"
        ) from error


def move_pending(
    broadcast: Broadcast, *, status: str, charge: str, now: datetime, code: str = ""
) -> Moved:
    """Move every PENDING message; `code` gives the reason. The caller has locked the broadcast."""
    lock_counters(broadcast.pk)
    return move(
        broadcast_id=broadcast.pk,
        update=MOVE_PENDING,
        params={"status": status, "charge": charge, "code": code, "now": now},
    )
