"""Checks that money adds up: wallets match entries and holds; every tenant has a wallet."""

from postgres.auditing import Check

MONEY = "4 money adds up"

CHECKS = (
    Check(
        "wallet_differs_from_entries",
        MONEY,
        """
        SELECT 'wallet:' || w.id,
               format('balance %%s and held %%s; its entries come to %%s and %%s',
                      w.balance, w.held, e.balance, e.held)
        FROM wallet_wallet w
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(balance_delta), 0) AS balance, coalesce(sum(held_delta), 0) AS held
            FROM wallet_ledgerentry WHERE wallet_id = w.id
        ) e ON true
        WHERE w.balance <> e.balance OR w.held <> e.held
        """,
    ),
    Check(
        "wallet_differs_from_holds",
        MONEY,
        """
        SELECT 'wallet:' || w.id, format('held %%s; its open holds come to %%s', w.held, h.open)
        FROM wallet_wallet w
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(amount - captured - released), 0) AS open
            FROM wallet_hold WHERE wallet_id = w.id
        ) h ON true
        WHERE w.held <> h.open
        """,
    ),
    Check(
        "hold_differs_from_entries",
        MONEY,
        """
        SELECT 'hold:' || h.id,
               format('captured %%s and released %%s; its entries come to %%s and %%s',
                      h.captured, h.released, e.captured, e.released)
        FROM wallet_hold h
        LEFT JOIN LATERAL (
            SELECT coalesce(-sum(held_delta) FILTER (WHERE kind = 'CAPTURE'), 0) AS captured,
                   coalesce(-sum(held_delta) FILTER (WHERE kind = 'RELEASE'), 0) AS released,
                   coalesce(sum(balance_delta) FILTER (WHERE kind = 'REFUND'), 0) AS refunded
            FROM wallet_ledgerentry x
            WHERE x.wallet_id = h.wallet_id AND x.subject = h.reference AND x.hold_id = h.id
        ) e ON true
        WHERE (%(since)s::timestamptz IS NULL OR h.created_at > %(since)s
               OR h.captured + h.released < h.amount)
          AND (h.captured <> e.captured OR h.released <> e.released OR h.refunded <> e.refunded)
        """,
    ),
    Check(
        "tenant_without_wallet",
        MONEY,
        """
        SELECT 'tenant:' || t.id, 'has no wallet'
        FROM tenants_tenant t
        WHERE NOT EXISTS (SELECT FROM wallet_wallet w WHERE w.tenant_id = t.id)
        """,
    ),
    Check(
        "wallet_overdrawn",
        MONEY,
        """
        SELECT 'wallet:' || id, format('%%s of %%s is held on a credit line of %%s',
                                       held, balance, credit_line)
        FROM wallet_wallet WHERE balance - held < -credit_line
        """,
    ),
)
