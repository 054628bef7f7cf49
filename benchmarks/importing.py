"""`python -m benchmarks.importing`: rows a second of an import of contacts, its CPU and memory.

Every row has a phone, an external id, names, an e-mail address, a tag and two attributes. The file
is imported twice: the first time all contacts are new, the second time all are unchanged. The CPU
of both runs counts this process and PostgreSQL: on a machine with nothing else to do, so many rows
are imported a second at least.
"""

import argparse
import io
import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.processes import cpu_seconds
from benchmarks.servers import Servers, data_folder, throw_away

if TYPE_CHECKING:
    from tenants.models import Tenant

HEADER = "external_id,phone,first_name,last_name,email,tags,city,size\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.importing", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    lines = []
    with throw_away() as servers:
        for rows in options.rows:
            line = _measured(rows, servers)
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            lines.append(line)
    name = f"importing-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    (data_folder() / name).write_text(json.dumps(lines, indent=1))


def _measured(rows: int, servers: Servers) -> dict[str, float]:
    from benchmarks.scene import tenant_with

    tenant = tenant_with(0)
    new, unchanged = (_rates(tenant, rows, servers) for _ in range(2))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "rows": rows,
        "new_rows_s": new[0],
        "new_rows_cpu_s": new[1],
        "unchanged_rows_s": unchanged[0],
        "unchanged_rows_cpu_s": unchanged[1],
        "peak_mb": peak,
    }


def _rates(tenant: "Tenant", rows: int, servers: Servers) -> tuple[float, float]:
    """Rows by second, and by second of CPU."""
    from django.utils import timezone

    from contacts.imports.importing import run_import
    from contacts.imports.uploads import store_upload
    from contacts.models import ContactImport

    job = ContactImport.objects.create(tenant=tenant, file_name="people.csv")
    store_upload(job, _Pieces(rows))
    before = time.process_time() + cpu_seconds(servers.postgres)
    began = time.monotonic()
    run_import(import_id=job.pk, clock=timezone.now)
    took = time.monotonic() - began
    cpu = time.process_time() + cpu_seconds(servers.postgres) - before
    job.refresh_from_db()
    if (job.status, job.created + job.unchanged) != ("DONE", rows):
        raise RuntimeError(f"{job.status} {job.failure} {job.failed} rows refused")
    return round(rows / took), round(rows / cpu)


class _Pieces(io.RawIOBase):
    """The file, made while it is read."""

    def __init__(self, rows: int) -> None:
        self._lines = _lines(rows)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        pieces = [self._rest]
        length = len(self._rest)
        while length < size and (line := next(self._lines, b"")):
            pieces.append(line)
            length += len(line)
        whole = b"".join(pieces)
        self._rest = whole[size:]
        return whole[:size]


def _lines(rows: int) -> Iterator[bytes]:
    yield HEADER.encode()
    for n in range(rows):
        yield (
            f"id{n},+49151{20_000_000 + n},Anna{n},Müller,anna{n}@shop.example,"
            f"group{n % 20},Köln,{n % 50}\n"
        ).encode()


if __name__ == "__main__":
    main()
