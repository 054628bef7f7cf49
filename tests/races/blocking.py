"""Waits until another connection waits for a lock: a race is then where a test wants it."""

import time

from django.db import connection

DEADLINE = 30.0
"""Seconds that a step of a race may take, with a wide margin."""
# A transaction sees one snapshot of pg_stat_activity unless it clears the snapshot.
CLEAR_SNAPSHOT = "SELECT pg_stat_clear_snapshot()"
BLOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def wait_until_blocked() -> None:
    """Returns once a connection to this database waits for a lock; fails after DEADLINE."""
    deadline = time.monotonic() + DEADLINE
    with connection.cursor() as cursor:
        while True:
            cursor.execute(CLEAR_SNAPSHOT)
            cursor.execute(BLOCKED)
            if cursor.fetchone()[0]:
                return
            assert time.monotonic() < deadline, "No connection waits for a lock."
            time.sleep(0.01)
