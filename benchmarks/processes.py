"""The measured processes and their CPU and memory."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.embedded.processes import dies_with_parent, end
from config.environment import BASE_DIR

START_DEADLINE = 60.0
STOP_GRACE = 20.0


@dataclass(frozen=True, slots=True)
class Workers:
    """The number of sending processes and of threads in each (0: a prefork pool)."""

    processes: int
    threads: int = 0

    @property
    def name(self) -> str:
        return f"{self.processes}x{self.threads}threads" if self.threads else f"{self.processes}"


@contextmanager
def stub() -> Iterator[tuple[str, psutil.Process]]:
    """The stub provider: its URL and its process."""
    process = _start([sys.executable, "-m", "benchmarks.stub"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        end(process, by=signal.SIGTERM, grace=STOP_GRACE)


@contextmanager
def sending_workers(how: Workers, *, log: Path) -> Iterator[list[psutil.Process]]:
    """Runs Celery workers as config/stack/commands.py does; yields their top processes."""
    if how.threads:
        names = [f"bench{n}" for n in range(how.processes)]
        pool = ["-P", "threads", "-c", str(how.threads)]
    else:
        names = ["bench"]
        pool = ["-P", "prefork", "-c", str(how.processes)]
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "sending", *pool]
    quiet = ["--without-gossip", "--without-mingle", "--loglevel=INFO"]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for name in names:
            path = log.with_suffix(f".{name}.log")
            with path.open("wb") as output:
                started.append(
                    _start([*command, *quiet, "-n", f"{name}@%h"], stdout=output, stderr=output)
                )
            _wait_until_ready(started[-1], path)
        yield [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            end(process, by=signal.SIGTERM, grace=STOP_GRACE)


def _start(
    command: list[str], *, environment: Mapping[str, str] | None = None, **options: object
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]  # noqa: S603 - our own
        command,
        cwd=BASE_DIR,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call
        **options,
    )


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while b" ready." not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text(errors="replace"))
        time.sleep(0.05)


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """CPU seconds of these processes and all their children, including ended ones."""
    used = 0.0
    for top in processes:
        for process in (top, *top.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            used += times.user + times.system + times.children_user + times.children_system
    return used


def peak_rss(processes: list[psutil.Process]) -> int:
    """The largest resident set, in bytes, that any of these or their children ever had."""
    return max(
        _high_water(process.pid)
        for top in processes
        for process in (top, *top.children(recursive=True))
    )


class Peaks:
    """Peaks of memory in bytes: of this process (`own`), and of a PostgreSQL backend (`backend`).

    The backend's figure excludes shared memory and is sampled every 20 ms.
    """

    def __init__(self, backend_pid: int) -> None:
        self.own = self.backend = 0
        self._pid, self._is_over = backend_pid, threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Peaks":
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak: proc(5)
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._sampler.join()
        self.own = _high_water(os.getpid())

    def _sample(self) -> None:
        while not self._is_over.wait(0.02):
            self.backend = max(self.backend, _from_status(self._pid, "RssAnon"))


def _high_water(pid: int) -> int:
    return _from_status(pid, "VmHWM")


def _from_status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0
