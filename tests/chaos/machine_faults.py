"""Faults of the machine: Redis and PostgreSQL that live but cannot work, and clocks that differ.

No process may end because of them; the fleet reports one that does.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import redis
from django.db import connection

from tests.chaos.chaos import CHILDREN, PER_CHILD, Chaos

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
"""The library that gives one process another clock (apt-get install libfaketime)."""
SHORT, LONG = 1.5, 6.0
"""Seconds of a fault; the longest is more than a batch's lease."""
AHEAD = ("+40s", "-40s", "+600s")
ROWS = {
    "broadcast_broadcast": "id",
    "broadcast_broadcastcounters": "broadcast_id",
    "broadcast_broadcastmessage": "broadcast_id",
    "broadcast_lane": "broadcast_id",
    "broadcast_batch": "broadcast_id",
    "wallet_hold": "reference",
    "wallet_wallet": "tenant_id",
    "channels_sender": "id",
    "tenants_tenant": "id",
}
"""Tables of which a foreign session locks rows, and the column that names the run's rows."""
TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def redis_connections_killed(chaos: Chaos) -> None:
    for _ in range(5):
        with _redis() as client:
            for kind in ("normal", "pubsub"):
                client.execute_command("CLIENT", "KILL", "TYPE", kind)
        time.sleep(0.1)


def redis_closes_idle_connections(chaos: Chaos) -> None:
    _set("timeout", "1")
    chaos.after(LONG, "idle connections stay", partial(_set, "timeout", "0"))


def redis_paused(chaos: Chaos) -> None:
    with _redis() as client:
        client.client_pause(int(1000 * _length(chaos)), all=True)


def redis_out_of_memory(chaos: Chaos) -> None:
    _set("maxmemory", "1")
    chaos.after(_length(chaos), "memory again", partial(_set, "maxmemory", "0"))


def redis_without_replicas(chaos: Chaos) -> None:
    _set("min-replicas-to-write", "1")
    chaos.after(_length(chaos), "replicas again", partial(_set, "min-replicas-to-write", "0"))


def redis_read_only(chaos: Chaos) -> None:
    with _redis() as client:
        client.replicaof("127.0.0.1", "1")
    chaos.after(_length(chaos), "a primary again", _primary)


def backends_terminated(chaos: Chaos) -> None:
    """A batch whose fence was shut, but not answered, is given up; other answers are kept."""
    chaos.allowance += CHILDREN * PER_CHILD
    with _session() as session, session.cursor() as cursor:
        for _ in range(10):
            cursor.execute(TERMINATE)
            time.sleep(0.15)
    connection.close()


def connections_exhausted(chaos: Chaos) -> None:
    """All processes lose their connections and find none left."""
    chaos.allowance += CHILDREN * PER_CHILD
    held = [_session()]
    with held[0].cursor() as cursor:
        cursor.execute(TERMINATE)
    connection.close()
    with suppress(psycopg2.OperationalError):
        while True:
            held.append(_session())
    chaos.after(_length(chaos), "connections again", partial(_close, held))
}
