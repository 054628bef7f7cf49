"""Waits until a process waits for a lock: the moment that a test of races needs to see."""

import time

from django.db import connection

DEADLINE = 30.0
"""Seconds that a step of a race may take, with a wide margin."""
BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def wait_until_blocked() -> None:
    """Returns once any connection waits for a lock; fails after DEADLINE."""
    deadline = time.monotonic() + DEADLINE
    with connection.cursor() as cursor:
        while True:
            cursor.execute(BLOCKED)
            if cursor.fetchone()[0]:
                return
            assert time.monotonic() < deadline, "No connection waits for a lock."
            time.sleep(0.01)
