"""A local HTTP server in place of the payment providers' APIs."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ProviderApi:
    """Answers as the providers' APIs do, and keeps the requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append((self.path, headers, body))
                answer = json.dumps(outer.answer(self.path)).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Logs nothing."""

        return Handler

    def answer(self, path: str) -> dict[str, Any]:
        if self.status != 200:
            return {"error": {"code": "BAD_REQUEST_ERROR", "description": "No.", "message": "No."}}
        if path == "/v1/checkout/sessions":
            return {
                "id": "cs_test_1",
                "object": "checkout.session",
                "url": "https://checkout.stripe.example/c/1",
            }
        return {"id": "plink_1", "short_url": "https://rzp.example/i/1"}
