"""The demo's HTTP client: JSON over urllib with a bearer token."""

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

TIMEOUT = 30.0


class Refused(Exception):
    """The API refused a request; the message holds the start of its answer."""


@dataclass(slots=True)
class Client:
    """The API of one server; every request after the login carries `token`."""

    base_url: str
    token: str = ""
    _opener: urllib.request.OpenerDirector = field(init=False)

    def __post_init__(self) -> None:
        self._opener = urllib.request.build_opener(_NoRedirects)

    def get(self, path: str, **query: object) -> Any:
        return self._json("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str = "") -> Any:
        """`key` is an Idempotency-Key: a second request with the same key gets the first answer."""
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        return self._json("POST", path, json.dumps(body or {}).encode(), headers)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        return self._json("PATCH", path, json.dumps(body).encode(), headers)

    def log_in(self, email: str, password: str) -> None:
        self.token = self.post("/token/", {"email": email, "password": password})["access"]

    def upload(self, path: str, *, file_name: str, content: bytes, **fields: str) -> Any:
        boundary = uuid.uuid4().hex
        body = _multipart(boundary, file_name, content, fields)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._json("POST", path, body, headers)

    def pages(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """All results of a list; fetches page after page."""
        page = self.get(path, page_size=200, **query)
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            page = self._json("GET", page["next"].removeprefix(self.base_url))

    def visit(self, path: str) -> tuple[int, str]:
        """The status and a redirect's target; asks as a browser does, but does not follow."""
        request = urllib.request.Request(self.base_url + path)  # noqa: S310 - our own http address
        request.add_header("User-Agent", "Mozilla/5.0 (the demo's recipient)")
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers.get("Location", "")

    def _json(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own http address
            self.base_url + path, data=body, method=method, headers=dict(headers or {})
        )
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as answer:
            text = answer.read().decode(errors="replace")[:500]
            raise Refused(f"{method} {path} was answered with {answer.code}: {text}") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _multipart(boundary: str, file_name: str, content: bytes, fields: Mapping[str, str]) -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"'
    parts.append(f"{head}\r\nContent-Type: text/csv\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode()
