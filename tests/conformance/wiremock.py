"""Runs WireMock (npm: wiremock, with the machine's Java), a server with configurable faults."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

JARS = Path(__file__).parents[2] / ".data" / "npm" / "node_modules" / "wiremock" / "build"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class WireMock:
    url: str

    def place(self) -> "Place":
        """A new base URL, so that tests do not affect each other."""
        return Place(self, f"/{uuid4().hex}")

    def admin(self, path: str, body: Any = None) -> Any:
        raw = None if body is None else json.dumps(body).encode()
        url, kind = f"{self.url}/__admin/{path}", {"Content-Type": "application/json"}
        request = Request(url, raw, kind)  # noqa: S310 - a server of this test
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            return json.loads(answer.read() or b"null")


@dataclass(frozen=True, slots=True)
class Place:
    server: WireMock
    path: str

    @property
    def url(self) -> str:
        return self.server.url + self.path

    def answers(self, response: dict[str, Any], *, below: str = "/.*", **more: Any) -> None:
        """Sets the answer to requests below this place; `more` are fields of WireMock's mapping."""
        pattern = {"urlPathPattern": f"{self.path}{below}"}
        self.server.admin("mappings", {"request": pattern, "response": response, **more})

    def received(self) -> int:
        """The number of send requests that arrived here, answered or not."""
        pattern = {"urlPathPattern": f"{self.path}/(?!token).*"}
        return int(self.server.admin("requests/count", pattern)["count"])


@contextmanager
def serving(log: Path) -> Iterator[WireMock]:
    """Runs WireMock; skips the test, with the reason, if WireMock or Java is missing."""
    jars = sorted(JARS.glob("wiremock-standalone-*.jar"))
    if not jars:
        pytest.skip("WireMock is not installed: `make conformance` does it")
    java = shutil.which("java")
    if java is None:
        pytest.skip("WireMock needs Java, and this machine has none")
    port = _free_port()
    command = [java, "-jar", str(jars[-1]), "--port", str(port), "--bind-address", "127.0.0.1"]
    quiet = ["--disable-banner", "--container-threads", "20"]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *quiet], stdout=output, stderr=output)
    try:
        server = WireMock(f"http://127.0.0.1:{port}")
        _wait(process, server, log)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(process: subprocess.Popen[bytes], server: WireMock, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_healthy(server):
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline, "WireMock did not start"
        time.sleep(0.2)


def _is_healthy(server: WireMock) -> bool:
    try:
        return bool(server.admin("health")["status"] == "healthy")
    except (URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
