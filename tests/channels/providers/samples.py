"""Accounts, messages and answers for the tests of channels."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from channels.platforms import Platform
from channels.port.http_calls import HttpResponse, WebhookCall
from channels.port.messages import OutboundMessage, SenderAccount, TemplateContent, TextContent

MESSAGE_ID = UUID("01979f6e-0000-7000-8000-000000000001")

CREDENTIALS = {
    "meta_cloud": {"access_token": "EAA-secret"},
    "telegram_bot": {"bot_token": "123456:secret-TOKEN"},
    "twilio": {"account_sid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "auth_token": "secret-token"},
    "google_rbm": {"service_account": "{}"},
    "vonage": {"api_key": "abcd1234", "api_secret": "secret-VONAGE"},
    "msg91": {"authkey": "secret-AUTHKEY"},
    "gupshup": {"api_key": "secret-APIKEY", "app_id": "82ed52f4", "app_name": "DemoApp"},
}
# Credentials that the delivery path adds after it has fetched a token.
FETCHED = {"google_rbm": {"access_token": "ya29.secret"}}
PLATFORMS = {
    "meta_cloud": Platform.WHATSAPP,
    "telegram_bot": Platform.TELEGRAM,
    "twilio": Platform.SMS,
    "google_rbm": Platform.RCS,
    "vonage": Platform.SMS,
    "msg91": Platform.SMS,
    "gupshup": Platform.WHATSAPP,
}
ACCOUNT_IDS = {
    "twilio": "+14155552345",
    "google_rbm": "brand_abc_agent",
    "vonage": "14155550100",
    "msg91": "ACMEIN",
    "gupshup": "919163805873",
}


def account(provider: str, *, base_url: str = "https://provider.test") -> SenderAccount:
    return SenderAccount(
        provider=provider,
        base_url=base_url,
        account_id=ACCOUNT_IDS.get(provider, "106540352242922"),
        credentials=CREDENTIALS[provider] | FETCHED.get(provider, {}),
        platform=PLATFORMS[provider],
        webhook_url="https://broadcast.test/webhooks/x/an-endpoint-token",
    )


def service_account(name: str = "sender") -> str:
    """The JSON of a Google service account with a new key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    email = f"{name}@sandbox.iam.gserviceaccount.com"
    return json.dumps(
        {
            "type": "service_account",
            "client_email": email,
            "private_key": pem,
            "private_key_id": "1",
            # An attempt to make us call another address; the delivery path ignores it.
            "token_uri": "http://127.0.0.1:9/steal",
        }
    )


def text(body: str = "Hello", *, to: str = "42", message_id: UUID = MESSAGE_ID) -> OutboundMessage:
    return OutboundMessage(id=message_id, to=to, content=TextContent(body))


def registered(
    *, to: str = "+919876543210", message_id: UUID = MESSAGE_ID, **variables: str
) -> OutboundMessage:
    """A text that fills in a registered template."""
    content = TextContent("Hello", template_id="64f0c0ffee", variables=variables)
    return OutboundMessage(id=message_id, to=to, content=content)


def template(content: TemplateContent) -> OutboundMessage:
    return OutboundMessage(id=MESSAGE_ID, to="+16505551234", content=content)


def response(status: int, body: Any = b"", **headers: str) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, headers=named, body=raw)


CALLED = "https://broadcast.test/webhooks/x/an-endpoint-token"


def call(
    body: bytes = b"", *, query: dict[str, str] | None = None, url: str = CALLED, **headers: Any
) -> WebhookCall:
    """A webhook call to `url`; `query`, if present, replaces the URL's own query."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    whole = f"{url}?{urlencode(query)}" if query else url
    query_of_url = dict(parse_qsl(urlsplit(whole).query))
    return WebhookCall(method="POST", url=whole, query=query_of_url, headers=named, body=body)
