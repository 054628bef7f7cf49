"""Starts one process of the stack, watches it, restarts it with backoff, and stops it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded.processes import dies_with_parent

_FAST_DEATH = 10.0  # seconds; a longer life resets the backoff
_FAST_DEATHS_ALLOWED = 5
_LONGEST_BACK_OFF = 30.0
_KILL_WAIT = 5.0

Say = Callable[[str], None]


class GivenUp(Exception):
    """A process died repeatedly, right after its start."""


@dataclass
class Child:
    """A process in its own session: a Ctrl-C reaches only the supervisor, which stops the process.

    The process gets SIGTERM if its supervisor is killed (Linux). It inherits the file descriptors
    in `keep`.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    folder: Path
    keep: tuple[int, ...] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _fast_deaths: int = field(default=0, init=False)
    _start_again_at: float | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self._start_again_at = None
        self._started_at = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own processes
                self.command,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.keep,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call
            )

    def tend(self, *, say: Say) -> bool:
        """Restart the process if it has died and its backoff is over; True if it was started.

        Raises GivenUp after the fifth fast death in a row.
        """
        if self._start_again_at is not None:
            if time.monotonic() < self._start_again_at:
                return False
            self.start()
            return True
        if self._process is not None and self._process.poll() is not None:
            self._kill_session(self._process.pid)
            self._plan_restart(self._process.returncode, say=say)
        return False

    def _plan_restart(self, code: int, *, say: Say) -> None:
        lived = time.monotonic() - self._started_at
        self._fast_deaths = self._fast_deaths + 1 if lived < _FAST_DEATH else 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if self._fast_deaths >= _FAST_DEATHS_ALLOWED:
            raise GivenUp(f"{self.name} keeps dying ({how}); see {self.log}")
        pause = min(2.0**self._fast_deaths, _LONGEST_BACK_OFF)
        say(f"{self.name} died after {lived:.0f} s ({how}); again in {pause:.0f} s. See {self.log}")
        self._start_again_at = time.monotonic() + pause

    def ask_to_stop(self) -> None:
        self._start_again_at = None
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def see_it_stopped(self, *, deadline: float) -> bool:
        """Stop the process and kill its children; False if the process had to be killed too."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
            in_time = True
        except subprocess.TimeoutExpired:
            in_time = False
        self._kill_session(self._process.pid)
        self._process.wait(_KILL_WAIT)
        return in_time

    @staticmethod
    def _kill_session(leader: int) -> None:
        """Kill the children that the process has left."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
