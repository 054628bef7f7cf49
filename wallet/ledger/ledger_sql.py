"""The ledger's statements: each updates the hold and the wallet and appends its entries at once."""

APPEND_SQL = """
-- A repeated reference appends nothing: the UPDATE locks the wallet's row, so the statement sees
-- every earlier entry.
WITH w AS (
    UPDATE wallet_wallet w
    SET balance = w.balance + %(balance_delta)s, held = w.held + %(held_delta)s
    WHERE w.id = %(wallet)s AND (w.is_active OR NOT %(must_be_active)s)
      AND NOT EXISTS (SELECT FROM wallet_ledgerentry e
                      WHERE e.wallet_id = w.id AND e.reference = %(reference)s)
      AND (%(balance_delta)s::numeric - %(held_delta)s::numeric >= 0
           OR w.balance + %(balance_delta)s - w.held - %(held_delta)s >= -w.credit_line)
    RETURNING w.id, w.balance, w.held
)
INSERT INTO wallet_ledgerentry (id, wallet_id, kind, balance_delta, held_delta, balance_after,
    held_after, reference, subject, hold_id, actor, reason, created_at)
SELECT uuidv7(), w.id, %(kind)s, %(balance_delta)s, %(held_delta)s, w.balance, w.held,
       %(reference)s, %(subject)s, %(hold)s::uuid, %(actor)s, %(reason)s, %(now)s::timestamptz
FROM w
"""


def hold_movement_sql(amounts: str) -> str:
    """CTEs that capture, release and refund a hold by the amounts in the CTE `amounts`.

    `amounts` has one row (captured, released, refunded), with six decimal places as the wallet's
    amounts and the prices have. The parameters are those of a HoldMovement. The CTE `entries` has a
    row for each entry that was appended.
    """
    return f"""
-- The wallet, if there is anything to move and this reference has moved nothing yet.
target AS (
    SELECT w.id FROM wallet_wallet w, {amounts} a
    WHERE w.tenant_id = %(tenant_id)s AND (a.captured <> 0 OR a.released <> 0 OR a.refunded <> 0)
      AND NOT EXISTS (SELECT FROM wallet_ledgerentry e
                      WHERE e.wallet_id = w.id AND e.reference IN (
                          %(reference)s || ':capture', %(reference)s || ':release',
                          %(reference)s || ':refund'))
),
-- The hold, unless it would be overspent.
held AS (
    UPDATE wallet_hold h
    SET captured = h.captured + a.captured, released = h.released + a.released,
        refunded = h.refunded + a.refunded
    FROM target, {amounts} a
    WHERE h.wallet_id = target.id AND h.reference = %(subject)s AND h.revision = %(revision)s
      AND h.captured + h.released + a.captured + a.released <= h.amount
      AND h.refunded + a.refunded <= h.captured + a.captured
    RETURNING h.id
),
-- The wallet, with its balances before this movement.
w AS (
    UPDATE wallet_wallet w
    SET balance = w.balance - a.captured + a.refunded, held = w.held - a.captured - a.released
    FROM target, {amounts} a
    WHERE w.id = target.id AND EXISTS (SELECT FROM held)
    RETURNING w.id, old.balance, old.held
),
-- An entry for each amount that is not zero, with the balances after it.
entries AS (
    INSERT INTO wallet_ledgerentry (id, wallet_id, kind, balance_delta, held_delta, balance_after,
        held_after, reference, subject, hold_id, movement_id, actor, reason, created_at)
    SELECT uuidv7(), w.id, line.kind, line.balance_delta, line.held_delta, line.balance_after,
           line.held_after, %(reference)s || line.suffix, %(subject)s, (SELECT id FROM held),
           %(movement)s::uuid, %(actor)s, '', %(now)s::timestamptz
    FROM w, {amounts} a, LATERAL (VALUES
        (1, 'CAPTURE', ':capture', -a.captured, -a.captured, w.balance - a.captured,
         w.held - a.captured),
        (2, 'RELEASE', ':release', 0, -a.released, w.balance - a.captured,
         w.held - a.captured - a.released),
        (3, 'REFUND', ':refund', a.refunded, 0, w.balance - a.captured + a.refunded,
         w.held - a.captured - a.released)
    ) AS line(n, kind, suffix, balance_delta, held_delta, balance_after, held_after)
    WHERE line.balance_delta <> 0 OR line.held_delta <> 0
    ORDER BY line.n
    RETURNING 1
)
"""  # noqa: S608 - the name of a CTE


SETTLE_SQL = f"""
WITH amounts AS (
    SELECT %(captured)s::numeric AS captured, %(released)s::numeric AS released,
           %(refunded)s::numeric AS refunded
), {hold_movement_sql("amounts")} SELECT FROM entries
"""  # noqa: S608 - as above
