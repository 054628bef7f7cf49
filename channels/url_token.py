"""Webhooks of providers that sign nothing: a secret in the address that the provider was given.

The address is `{webhook_url}?token=…`. Beside the endpoint's own unguessable path, this part is
kept encrypted and shown to nobody.
"""

import hmac

from channels.adapter import WebhookCall, WebhookSecrets

NAME = "url_token"
SHORTEST = 16
"""Characters. A shorter secret is as good as none, and refused."""


def verify(secrets: WebhookSecrets, call: WebhookCall) -> bool:
    """Whether the call's `token` is the secret (constant time)."""
    expected = secrets.secrets.get(NAME, "")
    given = call.query.get("token", "")
    if len(expected) < SHORTEST:
        return False
    return hmac.compare_digest(given.encode(), expected.encode())
