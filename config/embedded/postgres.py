"""The embedded PostgreSQL: its cluster, its settings, its process."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

from config.embedded.account import as_account, owner_of
from config.embedded.errors import EmbeddedServerError
from config.embedded.places import Places
from config.embedded.processes import end
from config.embedded.sockets import socket_folder
from config.embedded.wheels import postgres_program

_DATABASE = "broadcast"
_START_DEADLINE = 90.0  # seconds; replaying the log after a crash takes long
_STOP_GRACE = 30.0

QUIET_LOG = {
    # A failed statement, and the DETAIL of its error, may hold phone numbers and texts.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    # These are PostgreSQL's defaults: no statement and no parameter is logged.
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length_on_error": "0",
}
"""What keeps recipients' data out of PostgreSQL's log; docker-compose.yml has the same."""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Never off: a commit must survive a power cut, here as in production.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    **QUIET_LOG,
}


class Postgres:
    variable = "DATABASE_URL"

    def __init__(self, places: Places) -> None:
        self._cluster = places.postgres
        self._log = places.logs / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://postgres@/{_DATABASE}?host={quote(str(self._sockets), safe='')}"

    def start(self) -> None:
        """Start the server and wait until it answers; the first start makes its cluster."""
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._sockets = socket_folder(self._cluster, owner=owner_of(self._cluster))
        self._stop_orphan()
        settings = {**_SETTINGS, "unix_socket_directories": str(self._sockets)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        self._process = self._run("postgres", self._cluster, *options)
        self._wait_until_it_answers(self._process)
        self._make_database()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._process is not None:
            end(self._process, by=signal.SIGINT, grace=_STOP_GRACE)  # SIGINT: the fast shutdown

    def _make_cluster(self) -> None:
        """Makes the cluster elsewhere, then moves it: a killed initdb leaves no half cluster."""
        draft = self._cluster.with_suffix(".new")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        owner = owner_of(draft)
        if owner != os.geteuid():
            os.chown(draft, owner, -1)
        # The built-in locale sorts the same on every system.
        options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale")
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        if self._run("initdb", draft, *options, *locale).wait() != 0:
            raise EmbeddedServerError.with_log("initdb failed.", self._log)
        draft.rename(self._cluster)

    def _stop_orphan(self) -> None:
        """End a server whose keeper was killed, and wait for its end."""
        if (self._cluster / "postmaster.pid").exists():
            self._run("pg_ctl", self._cluster, "stop", "-m", "fast", "-w").wait()

    def _run(self, program: str, cluster: Path, *arguments: str) -> subprocess.Popen[bytes]:
        path = postgres_program(program)
        command, options = as_account(
            [str(path), "-D", str(cluster), *arguments],
            owner=owner_of(cluster),
            reach=(path, self._cluster.parent),
        )
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the wheel's own programs
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options
            )

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_DEADLINE
        while time.monotonic() < deadline and process.poll() is None:
            try:
                self._connect().close()
            except psycopg2.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise EmbeddedServerError.with_log("PostgreSQL did not start.", self._log)

    def _make_database(self) -> None:
        connection = self._connect()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", [_DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{_DATABASE}"')
        connection.close()

    def _connect(self) -> Any:
        return psycopg2.connect(host=str(self._sockets), user="postgres", dbname="postgres")
