"""`python -m benchmarks.partitioning`: the message table flat and partitioned by broadcast_id."""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any
from uuid import UUID

from benchmarks.servers import data_folder, throw_away

PARTITIONS = 12
BROADCASTS = 24
LOOK_UPS = 300

FILL = """
INSERT INTO {table} (id, tenant_id, broadcast_id, seq, contact_id, address, variables, token,
    status, error_code, provider_error_code, error_message, provider_message_id, attempts, price,
    currency, country, segments, charge_state, clicked, created_at, status_at)
SELECT uuidv7(), %(tenant)s, %(broadcast)s, n, uuidv7(), (1000000 + n)::text,
       '{{"first_name": "Ana"}}', %(offset)s::bigint * 10000000 + n, 'SENT', '', '', '',
       'wamid.' || (%(offset)s::bigint * 10000000 + n), 1, 0.01, 'EUR', 'DE', 1, 'CAPTURED', false,
       now(), now()
FROM generate_series(1, %(rows)s) n
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="in each of the 24 broadcasts")
    options = parser.parse_args()
    with throw_away():
        from django.db import connection

        with connection.cursor() as cursor:
            figures = {
                name: _measure(cursor, name, options.rows, is_partitioned=name == "parted")
                for name in ("flat", "parted")
            }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    name = f"partitioning-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    (data_folder() / name).write_text(json.dumps(figures, indent=1))


def _id(number: int) -> UUID:
    """A UUIDv7 whose order is that of `number`."""
    return UUID(int=(number << 112) | (7 << 76) | (2 << 62) | number)


def _measure(cursor: Any, table: str, rows: int, *, is_partitioned: bool) -> dict[str, float]:
    by = " PARTITION BY RANGE (broadcast_id)" if is_partitioned else ""
    cursor.execute(f"CREATE TABLE {table} (LIKE broadcast_broadcastmessage INCLUDING ALL){by}")
    if is_partitioned:
        step = BROADCASTS // PARTITIONS
        for part in range(PARTITIONS):
            cursor.execute(
                f"CREATE TABLE {table}_{part} PARTITION OF {table} FOR VALUES FROM (%s) TO (%s)",
                [_id(part * step), _id((part + 1) * step)],
            )
    fills = [_timed(cursor, FILL.format(table=table), _fill(n, rows)) for n in range(BROADCASTS)]
    cursor.execute(f"ANALYZE {table}")
    chance = random.Random(1)  # noqa: S311 - the same look-ups on both tables
    tokens = [
        chance.randrange(BROADCASTS) * 10_000_000 + chance.randrange(1, rows + 1)
        for _ in range(LOOK_UPS)
    ]
    last = _id(BROADCASTS - 1)
    return {
        "plan_seconds": round(median(fills[-6:]), 3),
        "by_token_ms": _median_ms(cursor, f"SELECT id FROM {table} WHERE token = %s", tokens, int),
        "claim_ms": _median_ms(
            cursor,
            f"SELECT id FROM {table} WHERE broadcast_id = '{last}' AND seq > %s "
            "ORDER BY seq LIMIT 50",
            tokens,
            lambda token: token % rows,
        ),
        "newest_of_tenant_ms": _median_ms(
            cursor,
            f"SELECT id FROM {table} WHERE tenant_id = %s ORDER BY id DESC LIMIT 100",
            tokens[:50],
            lambda _: _id(1),
        ),
        "remove_old_seconds": _remove(cursor, table, is_partitioned=is_partitioned),
    }


def _fill(number: int, rows: int) -> dict[str, Any]:
    return {"tenant": _id(1), "broadcast": _id(number), "offset": number, "rows": rows}


def _timed(cursor: Any, sql: str, params: Any = None) -> float:
    began = time.perf_counter()
    cursor.execute(sql, params)
    return time.perf_counter() - began


def _median_ms(cursor: Any, sql: str, tokens: list[int], value: Callable[[int], Any]) -> float:
    return round(median(_timed(cursor, sql, [value(token)]) for token in tokens) * 1000, 3)


def _remove(cursor: Any, table: str, *, is_partitioned: bool) -> float:
    """Seconds to remove the two oldest broadcasts."""
    if is_partitioned:
        return round(_timed(cursor, f"DROP TABLE {table}_0"), 3)
    old = [_id(0), _id(1)]
    return round(_timed(cursor, f"DELETE FROM {table} WHERE broadcast_id = ANY(%s)", [old]), 3)


if __name__ == "__main__":
    main()
