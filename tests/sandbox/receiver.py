"""A webhook target for tests: keeps the calls that it receives and answers as a test sets it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Receiver(ThreadingHTTPServer):
    daemon_threads = True
    verify_token = "verify-me"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.refuse_next = 0
        self.answer: Callable[[bytes], bytes] = lambda _: b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.server.refuse_next:
            self.server.refuse_next -= 1
            return self._answer(503, b"")
        self.server.calls.append((headers | {":path": self.path}, body))
        return self._answer(200, self.server.answer(body))

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if query["hub.verify_token"] == [self.server.verify_token]:
            return self._answer(200, query["hub.challenge"][0].encode())
        return self._answer(403, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Writes no log."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, daemon=True)
    thread.start()
    yield receiver
    receiver.shutdown()
    receiver.server_close()
    thread.join(timeout=5)


def until(condition: Callable[[], object], *, within: float = 8.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)
