"""Signs any body as the provider of an app signs its calls."""

import base64
import hashlib
import hmac
import json
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
    secret = app.secrets[_SECRETS[app.provider]]
    match app.provider:
        case "twilio":
            return _twilio(app, body, secret)
        case "vonage":
            return _vonage(body, secret)
        case "google_rbm":
            raw = encoded(PubSub(body) if isinstance(body, dict) else PubSub({"x": body}))
            told = base64.b64decode(json.loads(raw)["message"]["data"])
            digest = hmac.new(secret.encode(), told, hashlib.sha512).digest()
            return _json(raw, {"X-Goog-Signature": base64.b64encode(digest).decode()})
        case "meta_cloud":
            raw = encoded(body)
            made = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
            return _json(raw, {"X-Hub-Signature-256": f"sha256={made}"})
        case "telegram_bot":
            return _json(encoded(body), {"X-Telegram-Bot-Api-Secret-Token": secret})
    return _json(encoded(body), {}) | {"query_params": {"token": secret}}


_SECRETS = {
    "meta_cloud": "app_secret",
    "telegram_bot": "secret_token",
    "twilio": "auth_token",
    "google_rbm": "client_token",
    "vonage": "signature_secret",
    "msg91": "url_token",
    "gupshup": "url_token",
}


def _json(raw: bytes, headers: dict[str, str]) -> dict[str, Any]:
    return {"data": raw, "content_type": "application/json", "headers": headers}


def _twilio(app: ProviderApp, body: Any, secret: str) -> dict[str, Any]:
    raw = encoded(Form(body if isinstance(body, dict) else {"x": body}))
    url = f"{settings.PUBLIC_URL}{app.webhook_path}"
    pairs = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    made = RequestValidator(secret).compute_signature(url, pairs)
    return {"data": raw, "content_type": FORM, "headers": {"X-Twilio-Signature": made}}


def _vonage(body: Any, secret: str) -> dict[str, Any]:
    fields = {"timestamp": "1767225600"} | (body if isinstance(body, dict) else {"x": body})
    # Through JSON and back, so that the keys are those that arrive.
    fields = json.loads(
        json.dumps({name: value for name, value in fields.items() if name != "sig"})
    )
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()}
    digest = hmac.new(secret.encode(), signed_part(texts), hashlib.sha256).hexdigest()
    return _json(encoded(fields | {"sig": digest}), {})
