"""Calls as Twilio signs them: over the URL and the sorted fields of a form."""

import base64
import hashlib
import hmac

from channels.port.http_calls import WebhookCall, WebhookSecrets
from tests.channels.providers.samples import CALLED, call

SECRETS = WebhookSecrets({"auth_token": "auth-token"})


def signed(body: bytes) -> WebhookCall:
    """A signed call. Its body is a form of the field a=1, as `body` is no form."""
    digest = hmac.new(b"auth-token", CALLED.encode() + b"a1", hashlib.sha1).digest()
    return call(b"a=1", x_twilio_signature=base64.b64encode(digest).decode())
