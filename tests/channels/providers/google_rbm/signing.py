"""Calls as Google signs them: over the data within a Pub/Sub message."""

import base64
import hashlib
import hmac
import json

from channels.port.http_calls import WebhookCall, WebhookSecrets
from tests.channels.providers.samples import call

SECRETS = WebhookSecrets({"client_token": "client-token"})


def signed(body: bytes) -> WebhookCall:
    """A signed call with this body."""
    data = base64.b64encode(body).decode()
    digest = hmac.new(b"client-token", body, hashlib.sha512).digest()
    return call(
        json.dumps({"message": {"data": data}}).encode(),
        x_goog_signature=base64.b64encode(digest).decode(),
    )
