"""Moves messages of one broadcast together with its counters and its money.

One statement moves the rows, reads the old and the new state of each row from RETURNING, and adds
the difference to the counters. So the statement that moves a row also moves its money. The caller
has locked the counters' row: this lock keeps two moves of one broadcast apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction

from broadcast.models import Broadcast
from broadcast.moves.move_sql import DELTA_OF_A_BATCH, Move, move_sql
from postgres import prepared
from postgres.ids import new_id
from postgres.passing_errors import is_lock_timeout
from wallet.ledger import ledger
from wallet.ledger.ledger_sql import hold_movement_sql

MESSAGES_PER_LINE = 10_000
"""Message ids in one ChargeLine: 160 kB. A cancelled million has a hundred lines."""

SHORT_LOCK_WAIT = 50
"""Milliseconds of waiting for each of several counters once one of them was locked."""

LOCK_ONES_COUNTERS = """
-- For a single id PostgreSQL keeps the plan; for a list it makes a plan at each call.
SELECT FROM broadcast_broadcastcounters WHERE broadcast_id = %(broadcast)s FOR NO KEY UPDATE
"""
LOCK_COUNTERS = """
SELECT FROM broadcast_broadcastcounters WHERE broadcast_id = ANY(%(ids)s::uuid[])
ORDER BY broadcast_id FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """The result of a move: the broadcast's open messages, the rows moved, and their money.

    `pending` and `sending` are the counters after the move. `movement_id` names the ChargeLines
    that list the rows whose money was moved.
    """

    pending: int
    sending: int
    count: int
    captured: Decimal
    released: Decimal
    refunded: Decimal
    movement_id: UUID | None = None

    @property
    def is_over(self) -> bool:
        return self.pending == 0 and self.sending == 0


def lock_counters(*broadcast_ids: UUID) -> None:
    """Lock the counters of all broadcasts that a transaction will move, at once, in order of id.

    If a transaction locked a wallet between two counters, it would deadlock against a batch.
    """
    with connection.cursor() as cursor:
        if len(broadcast_ids) == 1:
            prepared.execute(cursor, LOCK_ONES_COUNTERS, {"broadcast": broadcast_ids[0]})
        else:
            cursor.execute(LOCK_COUNTERS, {"ids": list(broadcast_ids)})


def lock_free_counters(*broadcast_ids: UUID) -> set[UUID]:
    """Lock as `lock_counters` does; leaves out rows that another session keeps locked.

    Returns the broadcasts whose counters are locked. Called within a transaction. It waits for the
    first locked row as long as the connection allows, and after it briefly for each, because a busy
    broadcast's counters are free for milliseconds only.
    """
    try:
        with transaction.atomic():
            lock_counters(*broadcast_ids)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
    else:
        return set(broadcast_ids)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{SHORT_LOCK_WAIT}ms'")
    return {broadcast_id for broadcast_id in sorted(broadcast_ids) if _is_locked_now(broadcast_id)}


def _is_locked_now(broadcast_id: UUID) -> bool:
    try:
        with transaction.atomic():
            lock_counters(broadcast_id)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        return False
    return True


def move(*, broadcast_id: UUID, update: Move, params: Mapping[str, Any]) -> Moved:
    """Move any number of messages. The caller has locked the counters, and moves the money."""
    movement_id = new_id()
    arguments = {
        **params,
        "broadcast": broadcast_id,
        "movement": movement_id,
        "block": MESSAGES_PER_LINE,
    }
    with connection.cursor() as cursor:
        cursor.execute(move_sql(update), arguments)
        return replace(Moved(*cursor.fetchone()), movement_id=movement_id)


def move_batch(
    *,
    broadcast: Broadcast,
    update: Move,
    params: Mapping[str, Any],
    reference: str,
    movement_id: UUID,
    actor: str,
    now: datetime,
) -> Moved:
    """Do `lock_counters`, `move` and `append_to_ledger` in one call, which holds locks briefly.

    For at most a batch of messages. The statement is prepared: the type of every parameter must
    follow from the SQL.
    """
    hold_movement = ledger.HoldMovement(
        tenant_id=broadcast.tenant_id,
        subject=broadcast.subject,
        revision=broadcast.hold_revision,
        reference=f"{broadcast.subject}:{reference}",
        movement=movement_id,
        actor=actor,
        now=now,
    )
    arguments = {**params, **hold_movement._asdict(), "broadcast": broadcast.pk}
    with connection.cursor() as cursor:
        prepared.execute(cursor, _move_batch_sql(update), arguments, first=LOCK_ONES_COUNTERS)
        *counts, appended = cursor.fetchone()
    moved = replace(Moved(*counts), movement_id=movement_id)
    ledger.check_appended(
        appended,
        hold_movement,
        captured=moved.captured,
        released=moved.released,
        refunded=moved.refunded,
    )
    return moved


@cache
def _move_batch_sql(update: Move) -> str:
    return (
        f"{update.sql(DELTA_OF_A_BATCH)}, {hold_movement_sql('delta')}"
        "SELECT counted.*, (SELECT count(*) FROM entries) FROM counted"
    )


def append_to_ledger(
    *, broadcast: Broadcast, moved: Moved, reference: str, actor: str, now: datetime
) -> None:
    """Append the ledger's lines for a move, from the prices of the rows that were moved."""
    ledger.move_hold(
        tenant_id=broadcast.tenant_id,
        subject=broadcast.subject,
        revision=broadcast.hold_revision,
        captured=moved.captured,
        released=moved.released,
        refunded=moved.refunded,
        reference=f"{broadcast.subject}:{reference}",
        movement_id=moved.movement_id,
        actor=actor,
        now=now,
    )
