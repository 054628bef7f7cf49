"""Vonage's own client and our adapter make the same request from the same message."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from vonage import Auth, Vonage
from vonage_sms import SmsMessage

from channels.port.http_calls import HttpRequest, WebhookSecrets
from channels.port.messages import SenderAccount
from channels.providers.vonage.adapter import Vonage as Adapter
from tests.channels.providers.samples import CALLED, MESSAGE_ID, account, call, registered, text

SENDER = replace(account("vonage"), base_url=Adapter.default_base_url)
TO = "447700900000"
COMMON = {"to": TO, "from_": "14155550100", "callback": CALLED, "client_ref": str(MESSAGE_ID)}
Proven = Callable[[str, str], None]


class Wire(BaseAdapter):
    """The transport under Vonage's client: records requests and answers with success."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[PreparedRequest] = []

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        self.requests.append(request)
        response = Response()
        response.status_code, response.url = 200, request.url or ""
        response.headers["Content-Type"] = "application/json"
        response._content = (
            b'{"message-count":"1","messages":[{"status":"0","message-id":"1"}],'
            b'"value":1.0,"autoReload":false}'
        )
        return response

    def close(self) -> None:
        """There is nothing to close."""


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(wire: Wire) -> Vonage:
    vonage = Vonage(Auth(api_key="abcd1234", api_secret="secret-VONAGE"))
    vonage.http_client._session.mount("https://", wire)
    return vonage


def same(request: HttpRequest, expected: PreparedRequest) -> None:
    assert request.method == expected.method
    assert urlsplit(request.url) == urlsplit(expected.url or "")
    assert request.headers["Authorization"] == expected.headers["Authorization"]
    body = expected.body or ""
    sent = body.decode() if isinstance(body, bytes) else str(body)
    assert dict(request.form or {}) == dict(parse_qsl(sent, keep_blank_values=True))


@pytest.mark.parametrize(
    ("content", "kind"),
    [("Hello & goodbye = 100 %", "text"), ("Grüße 🎉", "unicode"), ("x" * 1600, "text")],
)
def test_a_text(client: Vonage, wire: Wire, content: str, kind: Any, proven: Proven) -> None:
    client.sms.send(SmsMessage(text=content, type=kind, **COMMON))
    same(Adapter().send_request(SENDER, text(content, to=f"+{TO}")), wire.requests[0])
    proven("vonage", "vonage SDK")


def test_an_alphanumeric_sender(client: Vonage, wire: Wire, proven: Proven) -> None:
    client.sms.send(SmsMessage(text="Hi", type="text", **COMMON | {"from_": "Acme"}))
    named: SenderAccount = replace(SENDER, account_id="Acme")
    same(Adapter().send_request(named, text("Hi", to=f"+{TO}")), wire.requests[0])
    proven("vonage", "vonage SDK")


def test_a_registered_template(client: Vonage, wire: Wire, proven: Proven) -> None:
    client.sms.send(
        SmsMessage(text="Hello", type="text", content_id="64f0c0ffee", entity_id="1101", **COMMON)
    )
    sender = replace(SENDER, credentials={**SENDER.credentials, "entity_id": "1101"})
    same(Adapter().send_request(sender, registered(to=f"+{TO}")), wire.requests[0])
    proven("vonage", "vonage SDK")


def test_the_balance(client: Vonage, wire: Wire, proven: Proven) -> None:
    client.account.get_balance()
    same(Adapter().check_request(SENDER), wire.requests[0])
    proven("vonage", "vonage SDK")


@pytest.mark.parametrize("method", ["sha256", "sha512"])
def test_their_signatures_are_verified(method: str, proven: Proven) -> None:
    auth = Auth(api_key="k", signature_secret="shared", signature_method=method)
    receipt = {"msisdn": TO, "messageId": "0A", "status": "delivered", "text": "a&b=c"}
    signed = receipt | {"timestamp": "1577880000"}
    sig = auth.sign_params(dict(signed))
    body = "&".join(f"{name}={value}" for name, value in signed.items() if name != "text")
    body += f"&text=a%26b%3Dc&sig={sig.upper()}"
    assert Adapter().webhook.verify(
        WebhookSecrets({"signature_secret": "shared"}), call(body.encode())
    )
    forged = hmac.new(b"other", b"", hashlib.sha256).hexdigest()
    assert not Adapter().webhook.verify(
        WebhookSecrets({"signature_secret": "shared"}),
        call(body.replace(sig.upper(), forged).encode()),
    )
    proven("vonage", "signatures")
