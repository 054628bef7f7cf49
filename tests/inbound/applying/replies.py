"""What a person writes to a WhatsApp number, as Meta's calls bring it."""

import json
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from channels.models import ProviderApp
from inbound.applying.applying import apply_block
from tests.inbound.webhooks.calls import post

PHONE = "+491701234567"


AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


def reply(text: str, *, number: int = 1, at: datetime = AT, quoting: str = "") -> bytes:
    content: dict[str, Any] = {"type": "text", "text": {"body": text}}
    if quoting:
        content["context"] = {"id": quoting}
    return message(content, number=number, at=at)


def message(content: dict[str, Any], *, number: int = 1, at: datetime = AT) -> bytes:
    """A call with a message of any type."""
    written = {
        "from": PHONE.removeprefix("+"),
        "id": f"wamid.in{number}",
        "timestamp": str(int(at.timestamp())),
        **content,
    }
    metadata = {"display_phone_number": "15550000000", "phone_number_id": "106540352242922"}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": [written]}
    change = {"field": "messages", "value": value}
    whole = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(whole).encode()


def receive(client: APIClient, app: ProviderApp, *bodies: bytes) -> None:
    for body in bodies:
        assert post(client, app, body) == 200
    apply_block(now=timezone.now())
