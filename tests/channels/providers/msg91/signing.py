"""Calls of MSG91, which signs nothing: a token is in the URL."""

from channels.port.http_calls import WebhookCall, WebhookSecrets
from tests.channels.providers.samples import call

SECRETS = WebhookSecrets({"url_token": "a-token-in-the-url"})


def signed(body: bytes) -> WebhookCall:
    """A signed call with this body."""
    return call(body, query={"token": "a-token-in-the-url"})
