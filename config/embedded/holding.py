"""A process's share in the embedded servers, which run as long as any process holds a share."""

import json
import subprocess
import sys
import time
from pathlib import Path

from config.embedded import locks
from config.embedded.errors import EmbeddedServerError
from config.embedded.places import Places
from config.environment import BASE_DIR

# Seconds. A PostgreSQL that was killed replays its log first.
_START_DEADLINE = 120.0


class Holder:
    """Keeps the servers running until this process and all that inherit `fd` have ended."""

    def __init__(self, data: Path) -> None:
        self._places = Places(data.resolve())
        self._keeper: subprocess.Popen[bytes] | None = None
        self._places.make()
        self.fd = locks.open_lock(self._places.holders_lock)
        locks.share(self.fd)  # waits while a keeper is stopping its servers
        self.addresses = self.ensure_running()

    def ensure_running(self) -> dict[str, str]:
        """Start a keeper if there is none (any more), and give the servers' addresses."""
        with locks.taken(self._places.start_lock):
            deadline = time.monotonic() + _START_DEADLINE
            while time.monotonic() < deadline:
                if not locks.is_taken(self._places.keeper_lock):
                    self._start_keeper()
                elif self._places.addresses.exists():
                    return dict(json.loads(self._places.addresses.read_text()))
                time.sleep(0.05)
        raise EmbeddedServerError.with_log("The servers did not start in time.", self._log)

    def _start_keeper(self) -> None:
        """Start a keeper and wait until it has its lock."""
        command = [sys.executable, "-m", "config.embedded.keeper", str(self._places.data)]
        with self._log.open("wb") as log:
            self._keeper = subprocess.Popen(  # noqa: S603 - our own module
                command,
                cwd=BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C must not reach the keeper
            )
        while not locks.is_taken(self._places.keeper_lock):
            if self._keeper.poll() is not None:
                raise EmbeddedServerError.with_log("The servers did not start.", self._log)
            time.sleep(0.02)

    @property
    def _log(self) -> Path:
        return self._places.logs / "embedded.log"
