"""What every action on a broadcast does first and last: lock its row, check the move, save it."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from broadcast.errors import BroadcastNotFound, IllegalMove, ReferenceTaken
from broadcast.models import Broadcast
from broadcast.moves.messages import Moved, lock_counters, move
from broadcast.states import BROADCAST_MOVES, BroadcastStatus
from tenants.models import Tenant


def locked(tenant: Tenant, broadcast_id: UUID) -> Broadcast:
    found = (
        Broadcast.objects.for_tenant(tenant)
        .locked()
        .select_related("tenant", "sender", "template", "counters")
        .filter(pk=broadcast_id)
        .first()
    )
    if found is None:
        raise BroadcastNotFound("There is no such broadcast.")
    return found


# Parents never change, so the root is the same before and after its lock.
ROOT = """
WITH RECURSIVE line AS (
    SELECT id, parent_id FROM broadcast_broadcast
    WHERE id = %(broadcast)s AND (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s)
    UNION ALL
    SELECT b.id, b.parent_id FROM broadcast_broadcast b JOIN line ON b.id = line.parent_id
)
SELECT FROM broadcast_broadcast
WHERE id = (SELECT id FROM line WHERE parent_id IS NULL) FOR NO KEY UPDATE
"""


def lock_family(broadcast_id: UUID, *, tenant: Tenant | None = None, wait: bool = True) -> bool:
    """Lock the broadcast that this one descends from: before its own lock, as the older one.

    Whoever starts a further try looks at all tries of the family for its recipients, and those of
    another member would not be seen until they are committed. False where it was not locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            ROOT if wait else f"{ROOT} SKIP LOCKED",
            {"broadcast": broadcast_id, "tenant": None if tenant is None else tenant.pk},
        )
        return bool(cursor.rowcount)


def fresh(broadcast: Broadcast) -> Broadcast:
    """As the database has it: the counters were changed by SQL."""
    return Broadcast.objects.select_related("tenant", "sender", "template", "counters").get(
        pk=broadcast.pk
    )


def require_move(broadcast: Broadcast, to: BroadcastStatus) -> None:
    if to not in BROADCAST_MOVES[BroadcastStatus(broadcast.status)]:
        raise IllegalMove(
            f"A broadcast that is {broadcast.status} cannot become {to.value}.",
            data={"status": broadcast.status},
        )


def lift_pause(broadcast: Broadcast, *, now: datetime) -> None:
    """What was sent before it no longer counts towards an automatic one; not saved."""
    if broadcast.paused_at is not None:
        broadcast.paused_at, broadcast.pause_reason, broadcast.resumed_at = None, "", now


def save(broadcast: Broadcast) -> None:
    try:
        with transaction.atomic():
            broadcast.save()
    except IntegrityError as error:
        raise _reference_taken(broadcast, error) from error


def save_new(broadcast: Broadcast) -> None:
    try:
        with transaction.atomic():
            broadcast.save(force_insert=True)
    except IntegrityError as error:
        raise _reference_taken(broadcast, error) from error


def _reference_taken(broadcast: Broadcast, error: IntegrityError) -> Exception:
    if "broadcast_reference_once_per_tenant" not in str(error):
        return error
    return ReferenceTaken(
        f"Another broadcast has the reference {broadcast.reference}.", attr="reference"
    )


MOVE_PENDING = """--UPDATE--
UPDATE broadcast_broadcastmessage m
SET status = %(status)s, status_at = %(now)s, next_attempt_at = NULL, error_code = %(code)s,
    charge_state = CASE WHEN m.charge_state = 'HELD' THEN %(charge)s ELSE m.charge_state END
WHERE m.broadcast_id = %(broadcast)s AND m.status = 'PENDING'
"""


def move_pending(
    broadcast: Broadcast, *, status: str, charge: str, now: datetime, code: str = ""
) -> Moved:
    """Move every PENDING message; `code` says why. The caller holds the broadcast's lock."""
    lock_counters(broadcast.pk)
    return move(
        broadcast_id=broadcast.pk,
        update=MOVE_PENDING,
        params={"status": status, "charge": charge, "code": code, "now": now},
    )
