"""Signs any body as the provider of an app signs its calls."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from twilio.request_validator import RequestValidator

from channels.models import ProviderApp
from channels.providers.vonage.webhook import signed_part
from tests.inbound.webhooks.bodies import Form, PubSub, encoded

FORM = "application/x-www-form-urlencoded"


def signed(app: ProviderApp, body: Any) -> dict[str, Any]:
    """The arguments of a post to the app's path by Django's test client."""
    sign, secret_name = _SIGNERS[app.provider]
    return sign(app, body, app.secrets[secret_name])


def _json(raw: bytes, headers: dict[str, str]) -> dict[str, Any]:
    return {"data": raw, "content_type": "application/json", "headers": headers}


def _twilio(app: ProviderApp, body: Any, secret: str) -> dict[str, Any]:
    raw = encoded(Form(body if isinstance(body, dict) else {"x": body}))
    url = f"{settings.PUBLIC_URL}{app.webhook_path}"
    pairs = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    signature = RequestValidator(secret).compute_signature(url, pairs)
    return {"data": raw, "content_type": FORM, "headers": {"X-Twilio-Signature": signature}}


def _vonage(app: ProviderApp, body: Any, secret: str) -> dict[str, Any]:
    fields = {"timestamp": "1767225600"} | (body if isinstance(body, dict) else {"x": body})
    # Through JSON and back, so that the keys are those that arrive.
    fields = json.loads(
        json.dumps({name: value for name, value in fields.items() if name != "sig"})
    )
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()}
    digest = hmac.new(secret.encode(), signed_part(texts), hashlib.sha256).hexdigest()
    return _json(encoded(fields | {"sig": digest}), {})


def _google(app: ProviderApp, body: Any, secret: str) -> dict[str, Any]:
    raw = encoded(PubSub(body) if isinstance(body, dict) else PubSub({"x": body}))
    signed_data = base64.b64decode(json.loads(raw)["message"]["data"])
    digest = hmac.new(secret.encode(), signed_data, hashlib.sha512).digest()
    return _json(raw, {"X-Goog-Signature": base64.b64encode(digest).decode()})


def _meta(app: ProviderApp, body: Any, secret: str) -> dict[str, Any]:
    raw = encoded(body)
    digest = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return _json(raw, {"X-Hub-Signature-256": f"sha256={digest}"})


def _telegram(app: ProviderApp, body: Any, secret: str) -> dict[str, Any]:
    return _json(encoded(body), {"X-Telegram-Bot-Api-Secret-Token": secret})


def _with_token(app: ProviderApp, body: Any, secret: str) -> dict[str, Any]:
    return _json(encoded(body), {}) | {"query_params": {"token": secret}}


_SIGNERS: Mapping[str, tuple[Callable[[ProviderApp, Any, str], dict[str, Any]], str]] = {
    "meta_cloud": (_meta, "app_secret"),
    "telegram_bot": (_telegram, "secret_token"),
    "twilio": (_twilio, "auth_token"),
    "google_rbm": (_google, "client_token"),
    "vonage": (_vonage, "signature_secret"),
    "msg91": (_with_token, "url_token"),
    "gupshup": (_with_token, "url_token"),
}
"""What signs the provider's calls, and the name of its secret."""
