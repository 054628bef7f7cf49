"""Webhooks of providers that sign nothing: a secret in the address that the provider was given.

The address is `{webhook_url}?token=…`. Beside the endpoint's own unguessable path, this part is
kept encrypted and shown to nobody.
"""

import hmac

from channels.port.http_calls import WebhookCall, WebhookSecrets

NAME = "url_token"
SHORTEST = 16
"""Characters. A shorter secret is as good as none, and refused."""


class UrlTokenWebhook:
    """An adapter's half towards such a webhook: no set-up call, the body as it is, no key in it."""

    webhook_secret_names: tuple[str, ...] = (NAME,)

    def handshake(self, secrets: WebhookSecrets, call: WebhookCall) -> str | None:
        return None

    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        return verify(secrets, call)

    def stored(self, call: WebhookCall) -> bytes:
        return call.body

    def event_key(self, body: bytes) -> str:
        return ""


def verify(secrets: WebhookSecrets, call: WebhookCall) -> bool:
    """Whether the call's `token` is the secret (constant time)."""
    expected = secrets.secrets.get(NAME, "")
    given = call.query.get("token", "")
    if len(expected) < SHORTEST:
        return False
    return hmac.compare_digest(given.encode(), expected.encode())
