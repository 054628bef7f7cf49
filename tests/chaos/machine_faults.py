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


def foreign_lock(chaos: Chaos) -> None:
    """An operator's session locks rows of the run's broadcast."""
    table = chaos.random.choice(list(ROWS))
    chaos.done.append(f"of {table}")
    broadcast = chaos.scenario.broadcast
    values: dict[str, Any] = {
        "wallet_hold": broadcast.subject,
        "wallet_wallet": broadcast.tenant_id,
        "tenants_tenant": broadcast.tenant_id,
        "channels_sender": chaos.scenario.sender.pk,
    }
    session = _session(autocommit=False)
    with session.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
        cursor.execute(
            f"SELECT FROM {table} WHERE {ROWS[table]} = %s FOR UPDATE",
            [str(values.get(table, broadcast.pk))],
        )
    chaos.after(_length(chaos), "unlocked", session.close)


def sending_with_a_wrong_clock(chaos: Chaos) -> None:
    chaos.allowance += 2 * CHILDREN * PER_CHILD  # the pool is killed twice
    _with_a_wrong_clock(chaos, "sending")


def worker_with_a_wrong_clock(chaos: Chaos) -> None:
    _with_a_wrong_clock(chaos, "worker")


def beat_with_a_wrong_clock(chaos: Chaos) -> None:
    _with_a_wrong_clock(chaos, "beat")


def _with_a_wrong_clock(chaos: Chaos, name: str) -> None:
    ahead = chaos.random.choice(AHEAD)
    chaos.done.append(f"by {ahead}")
    environment = {
        "LD_PRELOAD": str(FAKETIME[0]),
        "FAKETIME": ahead,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    chaos.fleet.restart_with(name, environment)
    chaos.after(2 * LONG, "the right clock", partial(chaos.fleet.restart_with, name, {}))


def _close(sessions: list[Any]) -> None:
    for session in sessions:
        session.close()


def _length(chaos: Chaos) -> float:
    return float(chaos.random.choice([SHORT, LONG]))


def _redis() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=2 * LONG)


def _set(name: str, value: str) -> None:
    with _redis() as client:
        client.config_set(name, value)


def _primary() -> None:
    with _redis() as client:
        client.replicaof("NO", "ONE")


def _session(*, autocommit: bool = True) -> Any:
    """A connection of no process of ours. Raises psycopg2.OperationalError if none is left."""
    parameters = connection.get_connection_params()
    keys = ("host", "port", "dbname", "user", "password")
    session = psycopg2.connect(**{key: parameters[key] for key in keys if key in parameters})
    session.autocommit = autocommit
    return session


MACHINE_FAULTS: dict[str, Callable[[Chaos], None]] = {
    fault.__name__: fault
    for fault in (
        redis_connections_killed,
        redis_closes_idle_connections,
        redis_paused,
        redis_out_of_memory,
        redis_without_replicas,
        redis_read_only,
        backends_terminated,
        connections_exhausted,
        foreign_lock,
        *(
            (sending_with_a_wrong_clock, worker_with_a_wrong_clock, beat_with_a_wrong_clock)
            if FAKETIME
            else ()
        ),
    )
}
