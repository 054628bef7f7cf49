"""Checks that a broadcast's click counter equals its stored clicks."""

from postgres.auditing import Check

CHECKS = (
    Check(
        "clicks_differ",
        "7 counters equal rows",
        """
        SELECT 'broadcast:' || c.broadcast_id,
               format('clicks %%s, counted %%s', c.clicks, count(k.id))
        FROM broadcast_broadcastcounters c
        LEFT JOIN tracking_click k ON k.broadcast_id = c.broadcast_id
        GROUP BY c.broadcast_id HAVING c.clicks <> count(k.id)
        """,
    ),
)
