"""Calls as Telegram signs them: the secret itself is a header."""

from channels.port.http_calls import WebhookCall, WebhookSecrets
from tests.channels.providers.samples import call

SECRETS = WebhookSecrets({"secret_token": "secret-token"})


def signed(body: bytes) -> WebhookCall:
    """A signed call with this body."""
    return call(body, x_telegram_bot_api_secret_token="secret-token")
