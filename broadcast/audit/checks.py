"""The doctor's checks of broadcasts, their messages, counters and money, with their repairs."""

from broadcast.audit.repairing import (
    BY_STATUS,
    finish_again,
    recount,
    store_provider_ids,
    sweep_again,
    wake,
)
from broadcast.states import COUNTED
from postgres.auditing import Check

NEVER_TWICE = "1 never twice"
NEVER_LOST = "2 never lost"
MONEY = "4 money adds up"
CANCEL = "6 cancel and pause hold"
COUNTERS = "7 counters equal rows"
TENANTS = "8 one tenant never sees another"

SCOPE = """
-- The broadcasts that are checked.
scope AS (
    SELECT id FROM broadcast_broadcast
    WHERE %(since)s::timestamptz IS NULL OR status IN ('DRAFT', 'SCHEDULED', 'QUEUED', 'SENDING')
       OR greatest(finished_at, created_at) > %(since)s
)
"""
COUNTS = f"""
{SCOPE},
-- What the counters and the money of each broadcast should be, by its messages.
counted AS (
    SELECT s.id, count(m.id) AS total,
           {BY_STATUS},
           count(m.sent_at) AS handed_over, count(*) FILTER (WHERE m.clicked) AS clicked,
           coalesce(sum(m.price) FILTER (WHERE m.charge_state = 'CAPTURED'), 0) AS cost,
           coalesce(sum(m.price) FILTER (WHERE m.charge_state = 'HELD'), 0) AS held
    FROM scope s LEFT JOIN broadcast_broadcastmessage m ON m.broadcast_id = s.id GROUP BY s.id
)
"""
COMPARED = ("total", *COUNTED, "handed_over", "clicked", "cost")
"""Columns of the counters that must equal the messages."""
DIFFERENCES = " || ".join(
    f"CASE WHEN c.{n} <> r.{n} THEN format('{n} %%s, rows %%s; ', c.{n}, r.{n}) ELSE '' END"
    for n in COMPARED
)

CHECKS = (
    Check(
        "counters_differ",
        COUNTERS,
        f"""
        WITH {COUNTS}
        SELECT 'broadcast:' || r.id, {DIFFERENCES}
        FROM counted r JOIN broadcast_broadcastcounters c ON c.broadcast_id = r.id
        WHERE {" OR ".join(f"c.{n} <> r.{n}" for n in COMPARED)}
        """,
        repair=recount,
    ),
    Check(
        "held_differs_from_rows",
        MONEY,
        f"""
        WITH {COUNTS}
        SELECT 'broadcast:' || r.id,
               format('its open holds come to %%s, its rows to %%s', coalesce(h.open, 0), r.held)
        FROM counted r LEFT JOIN (
            SELECT reference, sum(amount - captured - released) AS open
            FROM wallet_hold GROUP BY reference
        ) h ON h.reference = 'broadcast:' || r.id
        WHERE coalesce(h.open, 0) <> r.held
        """,
    ),
    Check(
        "captured_differs_from_rows",
        MONEY,
        f"""
        WITH {COUNTS}
        SELECT 'broadcast:' || r.id,
               format('captured less refunded is %%s, its rows come to %%s', e.spent, r.cost)
        FROM counted r JOIN broadcast_broadcast b ON b.id = r.id
        LEFT JOIN wallet_wallet w ON w.tenant_id = b.tenant_id
        LEFT JOIN LATERAL (
            SELECT coalesce(-sum(balance_delta), 0) AS spent FROM wallet_ledgerentry
            WHERE wallet_id = w.id AND subject = 'broadcast:' || r.id
              AND kind IN ('CAPTURE', 'REFUND')
        ) e ON true
        WHERE coalesce(e.spent, 0) <> r.cost
        """,
    ),
    Check(
        "charge_differs_from_status",
        MONEY,
        f"""
        WITH {SCOPE}
        SELECT 'broadcast:' || m.broadcast_id,
               format('%%s messages are %%s and their money is %%s', count(*), m.status,
                      coalesce(nullif(m.charge_state, ''), 'NONE'))
        FROM scope s JOIN broadcast_broadcastmessage m ON m.broadcast_id = s.id
        JOIN broadcast_broadcast b ON b.id = s.id
        WHERE m.status IN ('FAILED', 'SUPPRESSED', 'CANCELLED', 'EXPIRED')
              AND m.charge_state IN ('HELD', 'CAPTURED')
           OR m.status IN ('SENT', 'DELIVERED', 'READ') AND m.charge_state = 'HELD'
           OR m.status = 'ON_HOLD' AND m.charge_state IN ('CAPTURED', 'REFUNDED')
           OR m.status IN ('PENDING', 'SENDING', 'UNKNOWN') AND m.charge_state <> 'HELD'
              AND (b.status <> 'DRAFT' OR m.charge_state IN ('CAPTURED', 'REFUNDED'))
        GROUP BY m.broadcast_id, m.status, m.charge_state
        """,
    ),
    Check(
        "sending_without_a_batch",
        NEVER_LOST,
        f"""
        WITH {SCOPE}
        SELECT 'broadcast:' || m.broadcast_id,
               format('%%s messages are SENDING and no open batch holds them', count(*))
        FROM scope s JOIN broadcast_broadcastmessage m ON m.broadcast_id = s.id
        LEFT JOIN broadcast_batch t ON t.id = m.batch_id
        WHERE m.status = 'SENDING'
          AND (t.id IS NULL OR t.settled_at IS NOT NULL OR t.swept_at IS NOT NULL)
        GROUP BY m.broadcast_id
        """,
    ),
    Check(
        "provider_id_not_found",
        NEVER_LOST,
        f"""
        WITH {SCOPE}
        SELECT 'broadcast:' || m.broadcast_id,
               format('%%s messages cannot be found by their provider''s id', count(*))
        FROM scope s JOIN broadcast_broadcastmessage m ON m.broadcast_id = s.id
        WHERE m.provider_message_id <> '' AND NOT EXISTS (
            SELECT FROM broadcast_providermessageid i
            WHERE i.provider_message_id = m.provider_message_id AND i.message_id = m.id
        )
        GROUP BY m.broadcast_id
        """,
        repair=store_provider_ids,
    ),
    Check(
        "batch_not_swept",
        NEVER_LOST,
        """
        SELECT 'broadcast:' || broadcast_id,
               format('%%s batches are open long after their lease', count(*))
        FROM broadcast_batch
        WHERE settled_at IS NULL AND swept_at IS NULL AND lease_expires_at < %(settled)s
        GROUP BY broadcast_id
        """,
        repair=sweep_again,
    ),
    Check(
        "unsent_after_the_end",
        CANCEL,
        f"""
        WITH {COUNTS}
        SELECT 'broadcast:' || r.id,
               format('it is %%s with %%s messages PENDING and %%s SENDING',
                      b.status, r.pending, r.sending)
        FROM counted r JOIN broadcast_broadcast b ON b.id = r.id
        WHERE b.status IN ('SENT', 'PARTIALLY_SENT', 'FAILED') AND r.pending + r.sending > 0
           OR b.status = 'CANCELLED' AND r.pending > 0
        """,
    ),
    Check(
        "no_lane",
        NEVER_LOST,
        f"""
        WITH {COUNTS}
        SELECT 'broadcast:' || r.id, format('%%s messages wait and no lane will wake', r.pending)
        FROM counted r JOIN broadcast_broadcast b ON b.id = r.id
        WHERE b.status IN ('QUEUED', 'SENDING') AND r.pending > 0 AND NOT EXISTS (
            SELECT FROM broadcast_lane l WHERE l.broadcast_id = r.id AND l.next_batch_at IS NOT NULL
        )
        """,
        repair=wake,
    ),
    Check(
        "not_finished",
        NEVER_LOST,
        f"""
        WITH {COUNTS}
        SELECT 'broadcast:' || r.id, 'nothing is left to send and it is not finished'
        FROM counted r JOIN broadcast_broadcast b ON b.id = r.id
        WHERE b.status IN ('QUEUED', 'SENDING') AND r.total > 0 AND r.pending + r.sending = 0
          AND NOT EXISTS (SELECT FROM broadcast_broadcastmessage m
                          WHERE m.broadcast_id = r.id AND m.status_at >= %(settled)s)
        """,
        repair=finish_again,
    ),
    Check(
        "finished_status_differs",
        COUNTERS,
        f"""
        WITH {COUNTS}, meant AS (
            SELECT id, CASE
                WHEN sent + delivered + read + unknown + on_hold = 0 THEN 'FAILED'
                WHEN sent + delivered + read = total - suppressed - cancelled THEN 'SENT'
                ELSE 'PARTIALLY_SENT' END AS status
            FROM counted
        )
        SELECT 'broadcast:' || b.id, format('it is %%s; its rows make it %%s', b.status, r.status)
        FROM meant r JOIN broadcast_broadcast b ON b.id = r.id
        WHERE b.status IN ('SENT', 'PARTIALLY_SENT', 'FAILED') AND b.status <> r.status
          AND NOT EXISTS (SELECT FROM broadcast_broadcastmessage m
                          WHERE m.broadcast_id = b.id AND m.status_at >= %(settled)s)
        """,
        repair=finish_again,
    ),
    Check(
        "followed_twice",
        NEVER_TWICE,
        f"""
        -- A message whose credits were given back had ended, so another could follow, even if a
        -- receipt showed later that it was delivered after all.
        WITH {SCOPE}
        SELECT 'message:' || m.parent_message_id, format('%%s messages follow it at once', count(*))
        FROM scope s JOIN broadcast_broadcastmessage m ON m.broadcast_id = s.id
        WHERE m.parent_message_id IS NOT NULL
          AND m.status NOT IN ('FAILED', 'SUPPRESSED', 'CANCELLED', 'EXPIRED')
          AND m.charge_state NOT IN ('RELEASED', 'REFUNDED')
        GROUP BY m.parent_message_id HAVING count(*) > 1
        """,
    ),
    Check(
        "foreign_rows",
        TENANTS,
        f"""
        WITH {SCOPE}
        SELECT 'broadcast:' || b.id, 'something of it is another tenant''s'
        FROM scope s JOIN broadcast_broadcast b ON b.id = s.id
        LEFT JOIN channels_sender f ON f.id = b.sender_id
        LEFT JOIN templates_wa_whatsapptemplate t ON t.id = b.template_id
        LEFT JOIN broadcast_broadcast p ON p.id = b.parent_id
        WHERE f.tenant_id <> b.tenant_id OR t.tenant_id <> b.tenant_id OR p.tenant_id <> b.tenant_id
           OR EXISTS (
            SELECT FROM broadcast_broadcastmessage m
            LEFT JOIN contacts_contact c ON c.id = m.contact_id
            WHERE m.broadcast_id = b.id
              AND (m.tenant_id <> b.tenant_id OR c.tenant_id <> b.tenant_id))
        """,
    ),
)
