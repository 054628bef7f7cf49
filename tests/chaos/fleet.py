"""The processes of `make run`, which the faults kill, stop and restart."""

import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import redis

from config.embedded.processes import dies_with_parent, end
from config.environment import BASE_DIR, DATA_DIR
from config.ports import free_port
from config.stack.commands import commands

START_DEADLINE = 90.0
RESTART_INTERVAL = 0.2
STOP_GRACE = 10.0


class Fleet:
    """Sandbox, web, two worker pools and beat; a process that ends is restarted at once."""

    def __init__(self, *, points: Path) -> None:
        self.points = points
        self.web_port, self.sandbox_port = free_port(18000), free_port(18090)
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.web_url = f"http://127.0.0.1:{self.web_port}"
        self._logs = DATA_DIR / "log"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._orphans: list[psutil.Process] = []
        self._killed: set[int] = set()
        self._ended: list[str] = []
        self._environments: dict[str, Mapping[str, str]] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, daemon=True)
        schedule = DATA_DIR / "beat" / "schedule"
        schedule.parent.mkdir(parents=True, exist_ok=True)
        self._commands = dict(
            commands(web_port=self.web_port, sandbox_port=self.sandbox_port, schedule=schedule)
        )
        sandbox = ["--receipt-delay", "0.1", "--slow-seconds", "0.4", "--hang-seconds", "5"]
        self._commands["sandbox"] += [*sandbox, "--rate-limit-times", "1"]
        self._commands["beat2"] = [*self._commands["beat"][:-1], f"{schedule}2"]

    def __enter__(self) -> Self:
        for name in self._commands:
            if name != "beat2":
                self._start(name)
        for url in (f"{self.web_url}/healthz", f"{self.sandbox_url}/_sandbox/health"):
            _wait_for(url)
        self._wait_for_workers()
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._watch.join()
        self.wake_all()
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            end(process, by=signal.SIGTERM, grace=STOP_GRACE)
        for orphan in self._orphans:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()

    # --- faults ---------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """Kills the process and its children, as the kernel's out-of-memory killer might."""
        family = self._family(name)
        self._killed |= {process.pid for process in family}
        for process in reversed(family):
            _signal(process, signal.SIGKILL)

    def restart_with(self, name: str, environment: Mapping[str, str]) -> None:
        """Kills the process; it is restarted, and has these variables until the next call."""
        self._environments[name] = environment
        self.kill(name)

    def take_ended(self) -> list[str]:
        """The processes that have ended since the last call and that no fault has killed."""
        with self._lock:
            ended, self._ended = self._ended, []
        return ended

    def kill_child(self, name: str, choice: int) -> None:
        """Kills one of a pool's processes; its parent starts another."""
        children = self._family(name)[1:]
        if children:
            _signal(children[choice % len(children)], signal.SIGKILL)

    def kill_parent(self, name: str) -> None:
        """Kills only the parent; its children become orphans that still hold claimed messages."""
        family = self._family(name)
        self._orphans += family[1:]
        self._killed.add(family[0].pid)
        _signal(family[0], signal.SIGKILL)

    def stop_child(self, name: str, choice: int) -> None:
        children = self._family(name)[1:]
        if children:
            _signal(children[choice % len(children)], signal.SIGSTOP)

    def wake_all(self) -> None:
        """Sends SIGCONT to all processes, whether this suite or a named point stopped them."""
        families = [self._family(name) for name in self._running]
        for process in chain(self._orphans, *families):
            _signal(process, signal.SIGCONT)

    def order_at(self, point: str, signal_name: str) -> None:
        """The next worker that reaches this point sends itself KILL or STOP."""
        draft = self.points / f".{point}"
        draft.write_text(signal_name)
        draft.rename(self.points / point)

    def withdraw_orders(self) -> list[str]:
        """Removes the orders that no worker has reached; returns their points."""
        orders = [path for path in self.points.iterdir() if not path.name.startswith(".")]
        for path in orders:
            path.unlink(missing_ok=True)
        return [path.name for path in orders]

    def start_second_beat(self) -> None:
        self._start("beat2")

    def stop_second_beat(self) -> None:
        with self._lock:
            second = self._running.pop("beat2", None)
        if second is not None:
            end(second, by=signal.SIGTERM, grace=STOP_GRACE)

    def restart_postgres(self) -> None:
        """Shuts PostgreSQL down immediately, like a power failure; the keeper restarts it.

        Waits for its end; otherwise a run could find everything in order and end just before.
        """
        pid = int((DATA_DIR / "postgres" / "postmaster.pid").read_text().split()[0])
        postmaster = psutil.Process(pid)
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(timeout=STOP_GRACE)

    def flush_valkey(self) -> None:
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            client.flushall()

    # --- starting and restarting ----------------------------------------------------------------

    def _start(self, name: str) -> None:
        with (self._logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                self._commands[name],
                cwd=BASE_DIR,
                env={
                    **os.environ,
                    "BROADCAST_CHECKPOINT_DIR": str(self.points),
                    "WEB_WORKERS": "1",
                    "PUBLIC_URL": self.web_url,
                    **self._environments.get(name, {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call
            )
        with self._lock:
            self._running[name] = process

    def _keep_alive(self) -> None:
        while not self._ending.wait(RESTART_INTERVAL):
            with self._lock:
                dead = [
                    name for name, process in self._running.items() if process.poll() is not None
                ]
                # Python's sleep may fail on a clock that libfaketime has changed.
                self._ended += [
                    name
                    for name in dead
                    if self._running[name].pid not in self._killed
                    and not self._environments.get(name)
                ]
            for name in dead:
                self._start(name)

    def _family(self, name: str) -> list[psutil.Process]:
        """The process and its descendants."""
        with suppress(psutil.NoSuchProcess, KeyError):
            top = psutil.Process(self._running[name].pid)
            return [top, *top.children(recursive=True)]
        return []

    def _wait_for_workers(self) -> None:
        deadline = time.monotonic() + START_DEADLINE
        for name in ("sending", "worker"):
            while b" ready." not in (self._logs / f"{name}.log").read_bytes():
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{name} did not start; see {self._logs}")
                time.sleep(0.1)


def _signal(process: psutil.Process, signum: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signum)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own
            return
        time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer.")
