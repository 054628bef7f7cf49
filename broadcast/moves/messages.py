"""Moves messages of one broadcast, its counters and its money together.

One statement moves the rows, reads where each was and is from RETURNING, and adds the difference to
the counters: whoever moves a row makes its money. The caller has locked the counters' row, which is
what keeps two moves of one broadcast apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from broadcast.models import Broadcast
from broadcast.states import MessageStatus
from postgres import prepared
from postgres.ids import new_id
from wallet.ledger import ledger
from wallet.ledger.ledger_sql import hold_movement_sql

MESSAGES_PER_LINE = 10_000
"""Ids in one ChargeLine: 160 kB. A cancelled million has a hundred of them."""

STATUSES = [status.lower() for status in MessageStatus.values]

CHARGED = "moved WHERE charged <> was_charged AND charged <> 'HELD' AND price > 0"
IN_ONE_LINE = f"{CHARGED} GROUP BY charged"
IN_BLOCKS = f"""(
    SELECT moved_id, price, charged,
           (row_number() OVER (PARTITION BY charged) - 1) / %(block)s AS block
    FROM {CHARGED}
) charges GROUP BY charged, block"""

_DELTA = (
    """
delta AS (
    SELECT count(*) AS moved,
"""
    + "".join(
        f"""
        count(*) FILTER (WHERE status = '{name.upper()}')
            - count(*) FILTER (WHERE was = '{name.upper()}') AS {name},
    """
        for name in STATUSES
    )
    + """
        count(*) FILTER (WHERE accepted) AS handed_over,
        coalesce(sum(price) FILTER (WHERE was_charged = 'HELD' AND charged = 'CAPTURED'), 0)
            AS captured,
        coalesce(sum(price) FILTER (WHERE was_charged = 'HELD' AND charged = 'RELEASED'), 0)
            AS released,
        coalesce(sum(price) FILTER (WHERE was_charged = 'CAPTURED' AND charged = 'REFUNDED'), 0)
            AS refunded
    FROM moved
), counted AS (
    UPDATE broadcast_broadcastcounters c
    SET handed_over = c.handed_over + d.handed_over, cost = c.cost + d.captured - d.refunded,
"""
    + ", ".join(f"{name} = c.{name} + d.{name}" for name in STATUSES)
    + """
    FROM delta d WHERE c.broadcast_id = %(broadcast)s
    RETURNING c.pending AS now_pending, c.sending AS now_sending, d.moved, d.captured, d.released,
              d.refunded
), charge_lines AS (
    INSERT INTO broadcast_chargeline
        (id, broadcast_id, movement_id, charge_state, amount, message_ids)
    SELECT uuidv7(), %(broadcast)s, %(movement)s::uuid, charged, sum(price), array_agg(moved_id)
    FROM --CHARGES--
), named AS (
    INSERT INTO broadcast_providermessageid
        (provider_message_id, message_id, tenant_id, broadcast_id)
    SELECT provider_id, moved_id, tenant_id, %(broadcast)s FROM moved WHERE is_named
    ON CONFLICT DO NOTHING
)
"""
)
DELTA = _DELTA.replace("--CHARGES--", IN_BLOCKS)
DELTA_OF_A_BATCH = _DELTA.replace("--CHARGES--", IN_ONE_LINE)
"""For fewer than MESSAGES_PER_LINE rows: numbering them costs a batch a twentieth of its time."""

RETURNING = """
RETURNING old.status AS was, new.status AS status, old.charge_state AS was_charged,
          new.charge_state AS charged, new.price, new.id AS moved_id,
          (old.sent_at IS NULL AND new.sent_at IS NOT NULL) AS accepted,
          (new.provider_message_id <> '' AND new.provider_message_id <> old.provider_message_id)
              AS is_named, new.provider_message_id AS provider_id, new.tenant_id
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move came to: how many rows, what is left to do, and the money in them.

    `movement_id`: whose ChargeLines say which rows the money is of.
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
    """Lock the counters of all that a transaction will move, at once and in order of id.

    One after the other, with a wallet locked in between, would deadlock against a batch.
    """
    with connection.cursor() as cursor:
        if len(broadcast_ids) == 1:
            prepared.execute(cursor, LOCK_ONES_COUNTERS, {"broadcast": broadcast_ids[0]})
        else:
            cursor.execute(LOCK_COUNTERS, {"ids": list(broadcast_ids)})


# By one id PostgreSQL keeps its plan; by a list it makes one for each call.
LOCK_ONES_COUNTERS = """
SELECT FROM broadcast_broadcastcounters WHERE broadcast_id = %(broadcast)s FOR NO KEY UPDATE
"""
LOCK_COUNTERS = """
SELECT FROM broadcast_broadcastcounters WHERE broadcast_id = ANY(%(ids)s::uuid[])
ORDER BY broadcast_id FOR NO KEY UPDATE
"""


def move(*, broadcast_id: UUID, update: str, params: Mapping[str, Any]) -> Moved:
    """Run `update`: CTEs, --UPDATE--, then an UPDATE of the messages `m` without RETURNING."""
    movement_id = new_id()
    known = {**params, "broadcast": broadcast_id, **movement(movement_id)}
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_moving(update, DELTA)} SELECT * FROM counted", {**known, "block": MESSAGES_PER_LINE}
        )
        return replace(Moved(*cursor.fetchone()), movement_id=movement_id)


def move_batch(
    *,
    broadcast: Broadcast,
    update: str,
    params: Mapping[str, Any],
    reference: str,
    movement_id: UUID,
    actor: str,
    now: datetime,
) -> Moved:
    """As `lock_counters`, `move` and `make_money`, in one call: what others wait for is short.

    Of a batch's messages. It is prepared, so the types of its parameters must follow from the SQL.
    """
    of_hold = ledger.HoldMovement(
        tenant_id=broadcast.tenant_id,
        subject=broadcast.subject,
        revision=broadcast.hold_revision,
        reference=f"{broadcast.subject}:{reference}",
        movement=movement_id,
        actor=actor,
        now=now,
    )
    with connection.cursor() as cursor:
        known = {**params, **of_hold._asdict(), "broadcast": broadcast.pk}
        prepared.execute(cursor, _moving_with_money(update), known, first=LOCK_ONES_COUNTERS)
        *counts, appended = cursor.fetchone()
    moved = replace(Moved(*counts), movement_id=movement_id)
    ledger.check_settled(
        appended,
        of_hold,
        captured=moved.captured,
        released=moved.released,
        refunded=moved.refunded,
    )
    return moved


@lru_cache(maxsize=4)
def _moving_with_money(update: str) -> str:
    return (
        f"{_moving(update, DELTA_OF_A_BATCH)}, {hold_movement_sql('delta')}"
        "SELECT counted.*, (SELECT count(*) FROM entries) FROM counted"
    )


def _moving(update: str, delta: str) -> str:
    *before, last = update.split("--UPDATE--")
    return f"WITH {''.join(before)} moved AS ({last} {RETURNING}), {delta}"


def movement(movement_id: UUID) -> dict[str, Any]:
    """The parameters by which DELTA writes down which rows' money it moves."""
    return {"movement": movement_id}


def make_money(
    *, broadcast: Broadcast, moved: Moved, reference: str, actor: str, now: datetime
) -> None:
    """The ledger's lines for a move, by the prices of the rows that it returned."""
    ledger.capture_or_release(
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
