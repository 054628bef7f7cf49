"""Calls as Meta signs them."""

import hashlib
import hmac

from channels.port.http_calls import WebhookCall, WebhookSecrets
from tests.channels.providers.samples import call

SECRETS = WebhookSecrets({"app_secret": "app-secret", "verify_token": "verify"})


def signed(body: bytes) -> WebhookCall:
    """A signed call with this body."""
    digest = hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()
    return call(body, x_hub_signature_256=f"sha256={digest}")
