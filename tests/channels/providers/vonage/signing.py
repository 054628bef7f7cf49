"""Calls as Vonage signs them: over the sorted fields, which include a time."""

import hashlib
import hmac

from channels.port.http_calls import WebhookCall, WebhookSecrets
from tests.channels.providers.samples import call

SECRETS = WebhookSecrets({"signature_secret": "signature-secret"})


def signed(body: bytes) -> WebhookCall:
    """A signed call. Its body is a form of the field a=1, as `body` is no form."""
    digest = hmac.new(b"signature-secret", b"&a=1&timestamp=1767225600", hashlib.sha256).hexdigest()
    return call(b"a=1&timestamp=1767225600&sig=" + digest.encode())
