"""`python -m benchmarks.planning`: planning an audience compared with a bare INSERT … SELECT.

The bare statement writes as many rows of the same width, from the same contacts, into a table with
the same keys and indexes, and checks nothing. Then some batches are sent, once alone and once
beside an open snapshot, to measure what a large broadcast adds to a message's cost.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.processes import Peaks, cpu_seconds, stub
from benchmarks.servers import Servers, data_folder, throw_away

if TYPE_CHECKING:
    from benchmarks.scene import Case
    from broadcast.models import Broadcast
    from channels.models import Sender

PER_BATCH = 50
WARM_UP = 5
"""Batches that are sent before the measurement."""

FEWEST = (WARM_UP + 2) * PER_BATCH
"""Recipients for the warm-up and one batch of each measurement."""

BARE = """
INSERT INTO bare_message (id, tenant_id, broadcast_id, seq, contact_id, address, variables, token,
    status, error_code, provider_error_code, error_message, provider_message_id, attempts, price,
    currency, country, segments, charge_state, clicked, created_at, status_at)
SELECT uuidv7(), c.tenant_id, %(broadcast)s, row_number() OVER (ORDER BY c.id), c.id,
       c.telegram_chat_id::text, jsonb_build_object('first_name', c.first_name),
       (random() * 1152921504606846975)::bigint, 'PENDING', '', '', '', '', 0, 0.01, 'EUR', 'DE', 1,
       'HELD', false, now(), now()
FROM contacts_contact c WHERE c.tenant_id = %(tenant)s
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning", description=__doc__)
    parser.add_argument("--recipients", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--batches", type=int, default=100, help="that are sent of each broadcast")
    options = parser.parse_args()
    if min(options.recipients) < FEWEST:
        parser.error(f"--recipients: at least {FEWEST}, so that the measured batches are full")
    if options.batches < 1:
        parser.error("--batches: at least 1")
    lines = []
    with throw_away() as servers, stub() as (stub_url, _):
        for recipients in options.recipients:
            line = _measured(recipients, options.batches, stub_url=stub_url, servers=servers)
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            lines.append(line)
        name = f"planning-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
        (data_folder() / name).write_text(json.dumps(lines, indent=1))


def _measured(
    recipients: int, batches: int, *, stub_url: str, servers: Servers
) -> dict[str, float]:
    """The cost of planning a broadcast to this many recipients, and of sending its messages."""
    from benchmarks.scene import Case, send, sender_for, tenant_with
    from channels.platforms import Platform

    case = Case(Platform.TELEGRAM)
    sender = sender_for(case, tenant=tenant_with(recipients), stub_url=stub_url, lanes=1)
    broadcast, seconds, peaks = _plan(case, sender)
    bare = _bare_insert(broadcast)
    send(broadcast)
    _cpu_per_1000(broadcast, WARM_UP, servers=servers)
    # After the warm-up, both measurements find full batches.
    batches = min(batches, (recipients // PER_BATCH - WARM_UP) // 2)
    alone = _cpu_per_1000(broadcast, batches, servers=servers)
    with _open_snapshot():
        beside_snapshot = _cpu_per_1000(broadcast, batches, servers=servers)
    return {
        "recipients": recipients,
        "planning_seconds": round(seconds, 2),
        "bare_seconds": round(bare, 2),
        "times_bare": round(seconds / bare, 2),
        "peak_rss_mb": round(peaks.own / 2**20),
        "backend_mb": round(peaks.backend / 2**20),
        "cpu_per_1000": round(alone, 3),
        "cpu_per_1000_beside_a_snapshot": round(beside_snapshot, 3),
    }


def _plan(case: "Case", sender: "Sender") -> "tuple[Broadcast, float, Peaks]":
    """The planned broadcast, the seconds that planning took, and the peaks of memory."""
    from django.db import connection

    from benchmarks.scene import planned

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend_pid,) = cursor.fetchone()
    with Peaks(backend_pid) as peaks:
        began = time.perf_counter()
        broadcast = planned(case, sender=sender)
        return broadcast, time.perf_counter() - began, peaks


def _bare_insert(broadcast: "Broadcast") -> float:
    """The seconds that the bare statement takes for the same audience."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare_message (LIKE broadcast_broadcastmessage INCLUDING ALL)")
        began = time.perf_counter()
        cursor.execute(BARE, {"broadcast": broadcast.pk, "tenant": broadcast.tenant_id})
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE bare_message")
    return seconds


def _cpu_per_1000(broadcast: "Broadcast", batches: int, *, servers: Servers) -> float:
    """CPU seconds of this process and PostgreSQL for 1,000 messages; sends `batches` batches."""
    from django.utils import timezone

    from broadcast.engine.batch import run_batch

    lane_id = broadcast.lanes.get().pk
    before = cpu_seconds(servers.postgres) + time.process_time()
    for _ in range(batches):
        run_batch(lane_id=lane_id, clock=timezone.now)
    cpu = cpu_seconds(servers.postgres) + time.process_time() - before
    return cpu / batches / PER_BATCH * 1000


@contextmanager
def _open_snapshot() -> Iterator[None]:
    """Holds a snapshot open in another connection, so that PostgreSQL must keep dead rows."""
    from django.db import connection

    watcher = connection.copy()
    watcher.ensure_connection()
    with watcher.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM tenants_tenant")
        yield
        cursor.execute("COMMIT")
    watcher.close()


if __name__ == "__main__":
    main()
