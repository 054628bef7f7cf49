"""All processes of production on the test's database; the web server is a thread."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from config.embedded.processes import dies_with_parent, end
from config.environment import BASE_DIR
from sandbox.running import RunningSandbox
from tests.fixtures.types import StartWorker
from tests.workers import environment

FAST = {"BROADCAST_BATCH_DELAY": "0.1", "BROADCAST_RETRY_DELAY": "1"}


@pytest.fixture
def stack(
    celery_worker_process: StartWorker,
    live_server: LiveServer,
    sandbox: RunningSandbox,
    tmp_path: Path,
) -> Iterator[LiveServer]:
    """A web server, two workers and beat; short links lead to this web server."""
    settings: dict[str, Any] = {**FAST, "PUBLIC_URL": live_server.url}
    celery_worker_process(queues="sending", **settings)
    celery_worker_process(queues="planning,inbound,default", concurrency=4, **settings)
    beat = _start_beat(tmp_path, settings)
    yield live_server
    end(beat, by=signal.SIGTERM, grace=10.0)


@pytest.fixture
def beat(celery_worker_process: StartWorker, tmp_path: Path) -> Iterator[None]:
    """Beat, without any worker yet."""
    process = _start_beat(tmp_path, dict(FAST))
    yield
    end(process, by=signal.SIGTERM, grace=10.0)


def _start_beat(folder: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "config", "beat", "--pidfile="]
    with (folder / "beat.log").open("wb") as output:
        return subprocess.Popen(
            [*command, "-s", str(folder / "schedule")],
            cwd=BASE_DIR,
            env={**environment(), **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call
        )
