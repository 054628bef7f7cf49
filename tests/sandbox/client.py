"""A client of the sandbox: real HTTP, one connection per call."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

ACCOUNT = "106540352242922"
ACCESS_TOKEN = "token"
BOT_TOKEN = "4242:sandbox-token"
BOT = "4242"


@dataclass
class Client:
    base_url: str

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        timeout: float = 10,
    ) -> tuple[int, Any, dict[str, str]]:
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=timeout)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent_headers = {"Content-Type": "application/json", **(headers or {})}
        try:
            connection.request(method, path, None if body is None else raw, sent_headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read()), dict(response.headers)
        finally:
            connection.close()

    def meta(
        self, body: Any, *, token: str = ACCESS_TOKEN, timeout: float = 10
    ) -> tuple[int, Any, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.call(
            "POST", f"/v23.0/{ACCOUNT}/messages", body, headers=headers, timeout=timeout
        )

    def telegram(
        self, method: str, body: Any = None, *, timeout: float = 10
    ) -> tuple[int, Any, Any]:
        return self.call("POST", f"/bot{BOT_TOKEN}/{method}", body or {}, timeout=timeout)

    def control(self, path: str, body: Any) -> Any:
        status, answer, _ = self.call("POST", f"/_sandbox/{path}", body)
        assert status < 300, answer
        return answer

    def get(self, path: str) -> Any:
        return self.call("GET", f"/_sandbox/{path}")[1]


def text_to(to: str, our_id: str = "", text: str = "Hello") -> dict[str, Any]:
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": {"body": text},
    }
    return body | ({"biz_opaque_callback_data": our_id} if our_id else {})


def template_to(to: str, our_id: str = "", name: str = "summer_sale") -> dict[str, Any]:
    components = [
        {
            "type": "header",
            "parameters": [{"type": "image", "image": {"link": "https://a.test/i"}}],
        },
        {"type": "body", "parameters": [{"type": "text", "text": "Ada", "parameter_name": "who"}]},
        {
            "type": "button",
            "sub_type": "url",
            "index": "0",
            "parameters": [{"type": "text", "text": "abc"}],
        },
    ]
    template = {"name": name, "language": {"code": "en_US"}, "components": components}
    body = text_to(to, our_id)
    del body["text"]
    return body | {"type": "template", "template": template}
