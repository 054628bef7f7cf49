"""Accounts, messages and answers that the tests of channels share."""

import json
from typing import Any
from uuid import UUID

from channels.adapter import (
    HttpResponse,
    OutboundMessage,
    SenderAccount,
    TemplateContent,
    TextContent,
    WebhookCall,
)

MESSAGE_ID = UUID("01979f6e-0000-7000-8000-000000000001")

CREDENTIALS = {
    "meta_cloud": {"access_token": "EAA-secret"},
    "telegram_bot": {"bot_token": "123456:secret-TOKEN"},
}


def account(provider: str, *, base_url: str = "https://provider.test") -> SenderAccount:
    return SenderAccount(
        provider=provider,
        base_url=base_url,
        account_id="106540352242922",
        credentials=CREDENTIALS[provider],
    )


def text(body: str = "Hello", *, to: str = "42", message_id: UUID = MESSAGE_ID) -> OutboundMessage:
    return OutboundMessage(id=message_id, to=to, content=TextContent(body))


def template(content: TemplateContent) -> OutboundMessage:
    return OutboundMessage(id=MESSAGE_ID, to="+16505551234", content=content)


def response(status: int, body: Any = b"", **headers: str) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, headers=named, body=raw)


def call(body: bytes = b"", *, query: dict[str, str] | None = None, **headers: str) -> WebhookCall:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookCall(method="POST", query=query or {}, headers=named, body=body)
