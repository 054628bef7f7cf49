"""Full disks: PostgreSQL's tables, or Redis' append-only file, on a file system without room.

Each gets a small file system of its own (tmpfs), so only root can make these faults.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import redis
from django.db import connection

from tests.chaos.chaos import CHILDREN, PER_CHILD, Chaos

ROOM = "64m"
SHORT, LONG = 1.5, 6.0
"""Seconds of a fault."""
TABLES = ("broadcast_batch", "broadcast_providermessageid", "inbound_providerevent")
"""Tables that claiming, settling and webhooks write rows to."""
PROBE = """
CREATE TABLE chaos_probe TABLESPACE small AS SELECT repeat('x', 1000) FROM generate_series(1, 100)
"""
NOT_FULL = "The disk is not full."
PIECE = b"\0" * 65536


def postgres_disk_full(chaos: Chaos) -> None:
    """Statements that need a new page fail with disk_full; a lease cannot be renewed, either."""
    chaos.allowance += CHILDREN * PER_CHILD
    place = Path(tempfile.mkdtemp(prefix="broadcast-small-"))
    with _session() as cursor:
        cursor.execute("SHOW data_directory")
        owner = Path(cursor.fetchone()[0]).stat()
    _mount(place)
    os.chown(place, owner.st_uid, owner.st_gid)
    place.chmod(0o700)
    with _session() as cursor:
        cursor.execute("SET lock_timeout = '10s'")
        cursor.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} SET TABLESPACE small")
    _fill(place)
    with _session() as cursor, suppress(psycopg2.errors.DiskFull):
        cursor.execute(PROBE)
        raise RuntimeError(NOT_FULL)
    chaos.after(chaos.random.uniform(SHORT, LONG), "room again", partial(_move_back, place))


def redis_disk_full(chaos: Chaos) -> None:
    """Redis refuses writes, because it cannot write them to its append-only file."""
    with _redis() as client:
        folder = Path(client.config_get("dir")["dir"]) / str(
            client.config_get("appenddirname")["appenddirname"]
        )
        # The file is begun anew on the small file system.
        client.config_set("appendonly", "no")
        folder.mkdir(exist_ok=True)
        _mount(folder)
        client.config_set("appendonly", "yes")
        while client.info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(0.05)
    _fill(folder)
    _wait_for_refusals()
    chaos.after(chaos.random.uniform(SHORT, LONG), "room again", partial(_without_file, folder))


def _wait_for_refusals() -> None:
    """Redis notices when it writes to the file."""
    ends_at = time.monotonic() + SHORT
    with _redis() as client, suppress(redis.ResponseError):
        while time.monotonic() < ends_at:
            client.set("chaos-probe", "x" * 1000, ex=60)
        raise RuntimeError(NOT_FULL)


def _move_back(place: Path) -> None:
    (place / "filler").unlink()
    with _session() as cursor:
        cursor.execute("SET lock_timeout = '10s'")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
        cursor.execute("DROP TABLESPACE small")
    _unmount(place)
    place.rmdir()


def _without_file(folder: Path) -> None:
    (folder / "filler").unlink()
    with _redis() as client:
        client.config_set("appendonly", "no")
        _unmount(folder)
        client.config_set("appendonly", "yes")


def _fill(place: Path) -> None:
    with suppress(OSError), (place / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(PIECE)


def _mount(place: Path) -> None:
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(place)]
    subprocess.run(command, check=True)


def _unmount(place: Path) -> None:
    command = ["umount", "--lazy", str(place)]
    subprocess.run(command, check=True)


@contextmanager
def _session() -> Iterator[Any]:
    """A cursor of a connection of its own, without a transaction."""
    parameters = connection.get_connection_params()
    keys = ("host", "port", "dbname", "user", "password")
    session = psycopg2.connect(**{key: parameters[key] for key in keys if key in parameters})
    session.autocommit = True
    try:
        with session.cursor() as cursor:
            yield cursor
    finally:
        session.close()


def _redis() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


def _can_mount() -> bool:
    """Containers may forbid it, also to root."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as place:
        command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return False
        _unmount(Path(place))
    return True


FULL_DISKS: dict[str, Callable[[Chaos], None]] = {
    fault.__name__: fault
    for fault in ((postgres_disk_full, redis_disk_full) if _can_mount() else ())
}
