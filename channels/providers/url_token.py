"""Webhooks of providers that sign nothing: a secret in the address that the provider calls.

The address is `{webhook_url}?token=…`. The endpoint's path cannot be guessed either, but only this
part is stored encrypted and never shown.
"""

import hmac

from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.webhook_reader import WebhookReader

URL_TOKEN = "url_token"  # noqa: S105 - the name of the secret
SHORTEST = 16
"""Characters. A shorter secret can be guessed and is refused."""


class UrlTokenWebhook(WebhookReader):
    """Verifies calls by the secret in their address."""

    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        """Whether the call's `token` is the secret (constant time)."""
        expected = secrets.secrets.get(URL_TOKEN, "")
        token = call.query.get("token", "")
        if len(expected) < SHORTEST:
            return False
        return hmac.compare_digest(token.encode(), expected.encode())
