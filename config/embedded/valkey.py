"""The embedded Valkey: its address, its settings, its process."""

import json
import secrets
import signal
import socket
import subprocess
import time
from contextlib import suppress
from typing import IO, cast

import redis

from config.embedded.errors import EmbeddedServerError
from config.embedded.places import Places
from config.embedded.processes import dies_with_parent, end
from config.embedded.wheels import valkey_program
from config.ports import is_free

_HOST = "127.0.0.1"
_START_DEADLINE = 60.0  # seconds; the server reads its append-only file first
_STOP_GRACE = 15.0


class Valkey:
    """Listens on TCP, which every client's URL can express; a password keeps other users out."""

    variable = "REDIS_URL"

    def __init__(self, places: Places) -> None:
        self._folder = places.valkey
        self._log = places.logs / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port, self._password = self._recall()

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{_HOST}:{self._port}/0"

    def start(self) -> None:
        """Start the server, on its former port if that is free, and wait until it answers."""
        self._stop_orphan()
        if not is_free(self._port, host=_HOST):
            self._port = _free_port()
        self._remember()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the wheel's own program
                [str(valkey_program()), "-"],
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # The keeper has one thread.
                preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509
            )
        # By standard input: every user could read a password on a command line.
        with cast("IO[bytes]", self._process.stdin) as settings:
            settings.write(self._settings().encode())
        self._wait_until_it_answers(self._process)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._process is not None:
            end(self._process, by=signal.SIGTERM, grace=_STOP_GRACE)

    def _settings(self) -> str:
        """`everysec`: a power cut costs at most a second of hints, and PostgreSQL holds the truth.

        `always` would cost an fsync per message for nothing.
        """
        lines = (
            f"bind {_HOST}",
            f"port {self._port}",
            f"requirepass {self._password}",
            f'dir "{self._folder}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
        )
        return "\n".join(lines)

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_DEADLINE
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(redis.RedisError), redis.Redis.from_url(self.url) as client:
                client.ping()
                return
            time.sleep(0.05)
        raise EmbeddedServerError.with_log("Valkey did not start.", self._log)

    def _stop_orphan(self) -> None:
        """End a server whose keeper was killed: only our own server accepts the password."""
        with suppress(redis.RedisError), redis.Redis.from_url(self.url) as client:
            client.shutdown()

    def _recall(self) -> tuple[int, str]:
        address = self._folder / "address.json"
        if address.exists():
            stored = json.loads(address.read_text())
            return int(stored["port"]), str(stored["password"])
        return _free_port(), secrets.token_urlsafe(24)

    def _remember(self) -> None:
        address = self._folder / "address.json"
        address.touch(mode=0o600)
        address.write_text(json.dumps({"port": self._port, "password": self._password}))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
