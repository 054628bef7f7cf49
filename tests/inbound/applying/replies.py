"""What a person writes to a WhatsApp number, as Meta's calls bring it."""

import json
from datetime import UTC, datetime

from django.utils import timezone
from rest_framework.test import APIClient

from channels.models import ProviderApp
from inbound.applying.applying import apply_block
from tests.inbound.webhooks.calls import post

PHONE = "+491701234567"


AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


def reply(text: str, *, number: int = 1, at: datetime = AT, quoting: str = "") -> bytes:
    message = {
        "from": PHONE.removeprefix("+"),
        "id": f"wamid.in{number}",
        "timestamp": str(int(at.timestamp())),
        "type": "text",
        "text": {"body": text},
        **({"context": {"id": quoting}} if quoting else {}),
    }
    metadata = {"display_phone_number": "15550000000", "phone_number_id": "106540352242922"}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": [message]}
    change = {"field": "messages", "value": value}
    whole = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(whole).encode()


def receive(client: APIClient, app: ProviderApp, *bodies: bytes) -> None:
    for body in bodies:
        assert post(client, app, body) == 200
    apply_block(now=timezone.now())
