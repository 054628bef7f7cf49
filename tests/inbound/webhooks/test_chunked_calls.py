"""A call in chunks is read whole, by the web server of production."""

import hashlib
import hmac
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from channels.models import ProviderApp
from config.embedded.processes import dies_with_parent, end
from config.environment import BASE_DIR
from inbound.models import ProviderEvent
from tests.factories import ProviderAppFactory
from tests.inbound.webhooks.calls import status_body
from tests.workers import environment

pytestmark = pytest.mark.django_db(transaction=True)
STARTS_WITHIN = 60.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a gunicorn on the test's database."""
    number = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "python:config.web_server"]
    with (tmp_path / "web.log").open("wb") as output:
        server = subprocess.Popen(
            [*command, "--workers", "1", "--bind", f"127.0.0.1:{number}", "config.wsgi"],
            cwd=BASE_DIR,
            env={**environment(), "WEBHOOK_MAX_BODY_BYTES": "100000"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call
        )
    try:
        wait_until_answered(number)
        yield number
    finally:
        end(server, by=signal.SIGTERM, grace=10.0)


def wait_until_answered(port: int) -> None:
    give_up = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < give_up:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.1)
    raise AssertionError("gunicorn did not start")


def post(port: int, app: ProviderApp, body: bytes) -> int:
    digest = hmac.new(app.secrets["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    pieces = [body[start : start + 7000] for start in range(0, len(body), 7000)]
    connection.request("POST", app.webhook_path, iter(pieces), headers=headers, encode_chunked=True)
    status = connection.getresponse().status
    connection.close()
    return status


def post_raw(port: int, app: ProviderApp, body: bytes) -> bytes:
    """The first line of the answer to a call whose chunks are malformed."""
    head = f"POST {app.webhook_path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(head.encode() + b"\r\n" + body)
        client.shutdown(socket.SHUT_WR)
        return client.recv(65536).partition(b"\r\n")[0]


def test_chunked_calls_are_stored_refused_by_length_and_never_a_fault(port: int) -> None:
    app = ProviderAppFactory.create()
    body = status_body("sent", padding="x" * 50_000)
    assert post(port, app, body) == 200
    assert bytes(ProviderEvent.objects.get().body) == body
    assert post(port, app, status_body("sent", padding="x" * 200_000)) == 413
    assert b" 400 " in post_raw(port, app, b"zz\r\nabc\r\n0\r\n\r\n")
    assert b" 400 " in post_raw(port, app, b"5\r\nab")
    assert ProviderEvent.objects.count() == 1
