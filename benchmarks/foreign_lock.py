"""`python -m benchmarks.foreign_lock`: another session holds a row of one tenant's broadcast.

Another tenant's 100 messages are sent meanwhile by the same two workers. The bar: 5 s, whichever
row is held. The first tenant's broadcast must then be sent without an UNKNOWN message.
"""

import argparse
import json
import sys
import time
from typing import Any

import psycopg2

from benchmarks.processes import Workers, sending_workers, stub
from benchmarks.servers import data_folder, throw_away

FEW = 100
BAR = 5.0
ROWS = {
    "broadcast": ("broadcast_broadcast", "id"),
    "counters": ("broadcast_broadcastcounters", "broadcast_id"),
    "messages": ("broadcast_broadcastmessage", "broadcast_id"),
    "lanes": ("broadcast_lane", "broadcast_id"),
    "wallet": ("wallet_wallet", "tenant_id"),
    "sender": ("channels_sender", "id"),
}
"""The held row's table, and the column that names it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.foreign_lock", description=__doc__)
    parser.add_argument("--many", type=int, default=20_000)
    parser.add_argument("--held-seconds", type=float, default=60.0)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    options = parser.parse_args()
    log = data_folder() / "foreign_lock.log"
    with throw_away(), stub() as (url, _), sending_workers(Workers(2), log=log):
        figures = {
            row: _measure(row, many=options.many, held_seconds=options.held_seconds, stub_url=url)
            for row in options.rows
        }
    text = json.dumps(figures, indent=2)
    (data_folder() / "foreign_lock.json").write_text(text)
    sys.stdout.write(f"{text}\n")
    return 0 if all(figure["seconds"] < BAR for figure in figures.values()) else 1


def _measure(row: str, *, many: int, held_seconds: float, stub_url: str) -> dict[str, Any]:
    from django.db import connection

    from benchmarks.scene import Case, planned, send, sender_for, tenant_with
    from broadcast.models import BroadcastMessage
    from channels.platforms import Platform

    case = Case(Platform.TELEGRAM)
    few, big = (
        planned(case, sender=sender_for(case, tenant=tenant, stub_url=stub_url, lanes=2))
        for tenant in (tenant_with(FEW), tenant_with(many))
    )
    send(big)
    time.sleep(1)
    table, column = ROWS[row]
    names = {"id": big.sender_id if row == "sender" else big.pk, "tenant_id": big.tenant_id}
    parameters = connection.get_connection_params()
    keys = ("host", "port", "dbname", "user", "password")
    foreign = psycopg2.connect(**{key: parameters[key] for key in keys if key in parameters})
    with foreign.cursor() as cursor:
        cursor.execute(
            f"SELECT FROM {table} WHERE {column} = %s FOR UPDATE", [str(names.get(column, big.pk))]
        )
    held_from = time.monotonic()
    time.sleep(2)  # the workers come to the held row
    began = time.monotonic()
    send(few)
    _until_finished(few)
    seconds = time.monotonic() - began
    time.sleep(max(0.0, held_seconds - (time.monotonic() - held_from)))
    foreign.close()
    _until_finished(big)
    unknown = BroadcastMessage.objects.filter(broadcast=big, status="UNKNOWN").count()
    return {"seconds": round(seconds, 2), "unknown": unknown, "status": big.status}


def _until_finished(broadcast: Any) -> None:
    """As beat does, hints at lanes that no worker serves, and finishes broadcasts."""
    from django.utils import timezone

    from broadcast.moves.finishing import finish_all
    from broadcast.tasks import revive

    looked_at = time.monotonic()
    while broadcast.finished_at is None:
        time.sleep(0.02)
        broadcast.refresh_from_db()
        if time.monotonic() - looked_at > 2:  # noqa: PLR2004 - beat's interval
            revive()
            finish_all(now=timezone.now())
            looked_at = time.monotonic()


if __name__ == "__main__":
    sys.exit(main())
