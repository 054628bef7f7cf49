"""`python -m benchmarks.planning`: planning an audience beside one bare INSERT … SELECT.

The bare statement writes as many rows of the same width into a table with the same keys and
indexes, from the same contacts, and judges nothing.
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime

from benchmarks.processes import Peaks, cpu_seconds, stub
from benchmarks.servers import data_folder, throw_away

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
    parser.add_argument("--batches", type=int, default=100, help="sent of each, for the cost curve")
    given = parser.parse_args()
    lines = []
    with throw_away() as servers, stub() as (stub_url, _):
        from django.db import connection
        from django.utils import timezone

        from benchmarks.scene import Case, planned, send, sender_for, tenant_with
        from broadcast.engine.batch import run_batch
        from channels.platforms import Platform

        case = Case(Platform.TELEGRAM)
        for recipients in given.recipients:
            tenant = tenant_with(recipients)
            sender = sender_for(case, tenant=tenant, stub_url=stub_url, lanes=1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (backend_pid,) = cursor.fetchone()
            with Peaks(backend_pid) as peaks:
                began = time.perf_counter()
                broadcast = planned(case, sender=sender)
                took = time.perf_counter() - began
            with connection.cursor() as cursor:
                cursor.execute(
                    "CREATE TABLE bare_message (LIKE broadcast_broadcastmessage INCLUDING ALL)"
                )
                began = time.perf_counter()
                cursor.execute(BARE, {"broadcast": broadcast.pk, "tenant": tenant.pk})
                bare = time.perf_counter() - began
                cursor.execute("DROP TABLE bare_message")
            send(broadcast)
            lane = broadcast.lanes.get()

            def cost(batches: int, lane_id: int = lane.pk) -> float:
                before = cpu_seconds(servers.postgres) + time.process_time()
                for _ in range(batches):
                    run_batch(lane_id=lane_id, clock=timezone.now)
                spent = cpu_seconds(servers.postgres) + time.process_time() - before
                return spent / batches / 50 * 1000

            cost(5)
            sent = cost(min(given.batches, recipients // 50 // 3))
            watcher = connection.copy()
            watcher.ensure_connection()
            with watcher.cursor() as cursor:
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SELECT count(*) FROM tenants_tenant")
                watched = cost(min(given.batches, recipients // 50 // 3))
                cursor.execute("COMMIT")
            watcher.close()
            lines.append(
                {
                    "recipients": recipients,
                    "planning_seconds": round(took, 2),
                    "bare_seconds": round(bare, 2),
                    "times_bare": round(took / bare, 2),
                    "peak_rss_mb": round(peaks.own / 2**20),
                    "backend_mb": round(peaks.backend / 2**20),
                    "cpu_per_1000": round(sent, 3),
                    "cpu_per_1000_beside_a_snapshot": round(watched, 3),
                }
            )
            sys.stdout.write(json.dumps(lines[-1]) + "\n")
            sys.stdout.flush()
        name = f"planning-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
        (data_folder() / name).write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
