"""Real Celery workers for tests: separate processes on this run's database and keys."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection

from config.embedded.processes import dies_with_parent, end
from config.environment import BASE_DIR
from config.settings.test import RUN

QUEUES = "sending,planning,inbound,default"
_START_DEADLINE = 30.0  # seconds
_STOP_GRACE = 10.0


class WorkerDidNotStart(Exception):
    """The worker ended or was not ready in time; the message is its log."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A running worker; a test may kill `process`."""

    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        end(self.process, by=signal.SIGTERM, grace=_STOP_GRACE)


def start_worker(
    *, log: Path, queues: str = QUEUES, pool: str = "threads", concurrency: int = 2, **extra: str
) -> Worker:
    """Starts a worker and waits until it takes tasks. `extra` is added to its environment."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel=INFO"]
    options = ["-Q", queues, "-P", pool, "-c", str(concurrency), "-n", f"{log.stem}@%h"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *options, *quiet],
            cwd=BASE_DIR,
            env={**environment(), **extra},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call
        )
    worker = Worker(process=process, log=log)
    _wait_until_ready(worker)
    return worker


def _wait_until_ready(worker: Worker) -> None:
    deadline = time.monotonic() + _START_DEADLINE
    while b" ready." not in worker.log.read_bytes():
        if worker.process.poll() is not None or time.monotonic() > deadline:
            worker.stop()
            raise WorkerDidNotStart(worker.log.read_text(errors="replace"))
        time.sleep(0.05)


def environment() -> dict[str, str]:
    """The environment of a process that uses this run's database and keys."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "TEST_RUN": RUN,
        "DATABASE_URL": _test_database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "LOG_LEVEL": "INFO",
    }


def _test_database_url() -> str:
    """The URL of the current connection, which pytest-django has set to the test database."""
    parameters = connection.get_connection_params()
    user = ":".join(quote(parameters.get(part, ""), safe="") for part in ("user", "password"))
    options = {"host": parameters["host"], "port": parameters.get("port", 5432)}
    return f"postgres://{user}@/{parameters['dbname']}?{urlencode(options)}"
