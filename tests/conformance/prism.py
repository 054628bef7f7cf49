"""Runs Prism (@stoplight/prism-cli), which answers by a spec and refuses other requests."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.channels.providers.protocols import DIRECTORY

TOOLS = Path(__file__).parents[2] / ".data" / "npm"
PRISM = TOOLS / "node_modules" / ".bin" / "prism"
START_SECONDS = 60.0


@contextmanager
def serving(spec: str, log: Path) -> Iterator[str]:
    """The URL of a Prism with this spec of PROTOCOLS_DIR; skips if Prism or the spec is missing."""
    path = DIRECTORY / "specs" / spec
    if not path.exists():
        pytest.skip(f"PROTOCOLS_DIR has no specs/{spec}")
    if not PRISM.exists():
        pytest.skip("Prism is not installed: `make conformance` does it")
    port = _free_port()
    spelled_out = log.with_suffix(".json")
    spelled_out.write_text(json.dumps(_spelled_out(json.loads(path.read_text()))))
    command = [str(PRISM), "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(spelled_out)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ})
    try:
        _wait(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _spelled_out(spec: dict[str, Any]) -> dict[str, Any]:
    """Writes OpenAPI's default for lists in forms into the spec: Prism needs it to read lists."""
    for operations in spec["paths"].values():
        for operation in operations.values():
            contents = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
            form = contents.get("content", {}).get("application/x-www-form-urlencoded")
            if form:
                lists = [name for name, kind in form["schema"]["properties"].items()
                         if kind.get("type") == "array"]  # fmt: skip
                form["encoding"] = {name: {"style": "form", "explode": True} for name in lists}
    return spec


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
