"""Prism (@stoplight/prism-cli): answers as a spec says, refuses what it does not allow."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.channels.protocols import DIRECTORY

TOOLS = Path(__file__).parents[2] / ".data" / "npm"
PRISM = TOOLS / "node_modules" / ".bin" / "prism"
START_SECONDS = 60.0


@contextmanager
def serving(spec: str, log: Path) -> Iterator[str]:
    """A base URL at which Prism keeps to this spec of PROTOCOLS_DIR; skips where either is not."""
    path = DIRECTORY / "specs" / spec
    if not path.exists():
        pytest.skip(f"PROTOCOLS_DIR has no specs/{spec}")
    if not PRISM.exists():
        pytest.skip("Prism is not installed: `make conformance` does it")
    port = _free_port()
    command = [PRISM, "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), path]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ})
    try:
        _wait(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline, "Prism did not start"
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
