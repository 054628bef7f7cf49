"""Checks that every provider event is applied, or set aside with its error."""

from postgres.auditing import Check

CHECKS = (
    Check(
        "event_not_applied",
        "2 never lost",
        """
        SELECT 'event:' || id, format('stored at %%s and not applied', received_at)
        FROM inbound_providerevent
        WHERE status = 'STORED' AND received_at < %(settled)s LIMIT 1000
        """,
    ),
)
