"""Calls of the WhatsApp Cloud API as Meta signs and posts them."""

import hashlib
import hmac
import json
from typing import Any

from rest_framework.test import APIClient

from channels.models import ProviderApp


def status_body(status: str, **fields: Any) -> bytes:
    receipt = {"id": "wamid.1", "status": status, "timestamp": "1700000000", **fields}
    return body_of({"messaging_product": "whatsapp", "statuses": [receipt]})


def body_of(value: dict[str, Any]) -> bytes:
    change = {"field": "messages", "value": value}
    whole = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(whole).encode()


def post(client: APIClient, app: ProviderApp, body: bytes, *, secret: str | None = None) -> int:
    key = (secret or app.secrets["app_secret"]).encode()
    signature = hmac.new(key, body, hashlib.sha256).hexdigest()
    answer = client.post(
        app.webhook_path,
        body,
        content_type="application/json",
        headers={"X-Hub-Signature-256": f"sha256={signature}"},
    )
    return answer.status_code
