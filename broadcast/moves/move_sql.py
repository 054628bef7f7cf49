"""The one statement of a move: it updates messages, counters, charge lines and provider ids."""

import re
from dataclasses import dataclass
from functools import cache

from broadcast.states import COUNTED

UPDATES_MESSAGES = re.compile(r"(?:\s|--[^\n]*\n)*UPDATE broadcast_broadcastmessage m\s")

RETURNING = """
RETURNING old.status AS was, new.status AS status, old.charge_state AS was_charged,
          new.charge_state AS charged, new.price, new.id AS moved_id,
          (old.sent_at IS NULL AND new.sent_at IS NOT NULL) AS accepted,
          (new.provider_message_id <> '' AND new.provider_message_id <> old.provider_message_id)
              AS is_named, new.provider_message_id AS provider_id, new.tenant_id
"""
"""What `delta` reads of every message that was moved."""


@dataclass(frozen=True, slots=True)
class Move:
    """An UPDATE of the messages `m` without RETURNING, and the CTEs that the UPDATE reads.

    Raises ValueError if `update` does not update the messages, so a wrong statement fails when its
    module is imported.
    """

    update: str
    ctes: str = ""

    def __post_init__(self) -> None:
        if not UPDATES_MESSAGES.match(self.update):
            raise ValueError("A move begins with UPDATE broadcast_broadcastmessage m.")

    def sql(self, delta: str) -> str:
        """The statement without its last SELECT, which reads `counted`."""
        ctes = f"{self.ctes}, " if self.ctes else ""
        return f"WITH {ctes}moved AS ({self.update} {RETURNING}), {delta}"


CHARGED = "moved WHERE charged <> was_charged AND charged <> 'HELD' AND price > 0"
IN_ONE_LINE = f"{CHARGED} GROUP BY charged"
"""One charge line per charge state."""
IN_BLOCKS = f"""(
    SELECT moved_id, price, charged,
           (row_number() OVER (PARTITION BY charged) - 1) / %(block)s AS block
    FROM {CHARGED}
) charges GROUP BY charged, block"""
"""Several charge lines per charge state, each of at most `block` messages."""


def delta(charges: str) -> str:
    """CTEs that carry what the CTE `moved` changed to the counters and the charge lines.

    `charges`: the FROM and GROUP BY of the charge lines. Parameters: broadcast, movement.
    """
    by_status = "".join(
        f"""
        count(*) FILTER (WHERE status = '{name.upper()}')
            - count(*) FILTER (WHERE was = '{name.upper()}') AS {name},
        """
        for name in COUNTED
    )
    return f"""
-- The difference that the moved rows make, by status and in money.
delta AS (
    SELECT count(*) AS moved,
        {by_status}
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
        {", ".join(f"{name} = c.{name} + d.{name}" for name in COUNTED)}
    FROM delta d WHERE c.broadcast_id = %(broadcast)s
    RETURNING c.pending AS now_pending, c.sending AS now_sending, d.moved, d.captured, d.released,
              d.refunded
), charge_lines AS (
    -- Which messages the money of this movement is made of.
    INSERT INTO broadcast_chargeline
        (id, broadcast_id, movement_id, charge_state, amount, message_ids)
    SELECT uuidv7(), %(broadcast)s, %(movement)s::uuid, charged, sum(price), array_agg(moved_id)
    FROM {charges}
), named AS (
    -- Receipts find a message by the provider's id.
    INSERT INTO broadcast_providermessageid
        (provider_message_id, message_id, tenant_id, broadcast_id)
    SELECT provider_id, moved_id, tenant_id, %(broadcast)s FROM moved WHERE is_named
    ON CONFLICT DO NOTHING
)
"""


DELTA = delta(IN_BLOCKS)
DELTA_OF_A_BATCH = delta(IN_ONE_LINE)
"""For a batch, which fits one charge line: numbering the rows would cost 5 % of a batch's time."""


@cache
def move_sql(move: Move) -> str:
    """The statement for any number of messages. Parameters beside the move's: `delta`'s, block."""
    return f"{move.sql(DELTA)} SELECT * FROM counted"
