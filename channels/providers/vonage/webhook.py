"""Vonage's calls to us: delivery receipts (one a part) and replies, signed by a parameter `sig`.

Only accounts that sign with HMAC-SHA-256 or HMAC-SHA-512 are served: the plain MD5 that Vonage also
offers proves little. Source: developer.vonage.com/en/getting-started/concepts/signing-messages and
…/messaging/sms/guides/delivery-receipts.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from channels.platforms import Platform
from channels.port.events import InboundEvent, Receipt, ReceiptStatus, Reply
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.webhook_reader import WebhookReader
from channels.providers.echoed_id import our_id
from channels.providers.error_rules import json_object
from channels.providers.vonage.errors import OPTED_OUT, explain

# "unknown" is not here: it says nothing, and err-code 1 with "failed" says that it failed.
STATUSES = {
    "accepted": ReceiptStatus.SENT,
    "buffered": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "expired": ReceiptStatus.FAILED,
    "failed": ReceiptStatus.FAILED,
    "rejected": ReceiptStatus.FAILED,
    "deleted": ReceiptStatus.FAILED,
}

# Length of a signature in hex → what made it
DIGESTS = {64: hashlib.sha256, 128: hashlib.sha512}


class VonageWebhook(WebhookReader):
    """Reads Vonage's calls: delivery receipts, one per part, and replies."""

    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        """Whether `sig` is the signature secret's HMAC of the other parameters."""
        secret = secrets.secrets.get("signature_secret", "")
        parameters = _parameters(call)
        given = parameters.get("sig", "").lower()
        digest = DIGESTS.get(len(given))
        if not secret or digest is None or "timestamp" not in parameters:
            return False
        right = hmac.new(secret.encode(), signed_part(parameters), digest).hexdigest()
        return hmac.compare_digest(given.encode(errors="replace"), right.encode())

    def stored(self, call: WebhookCall) -> bytes:
        """The parameters as JSON, however they came."""
        return json.dumps(_parameters(call)).encode()

    def event_key(self, body: bytes) -> str:
        """A repeated call is known by its part and what it says of it."""
        told = json_object(body)
        if not isinstance(told.get("messageId"), str):
            return ""
        return f"{told['messageId']}:{told.get('status', 'received')}"

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The event in a stored call. Raises ValueError for another shape."""
        told = {name: _text(value) for name, value in json_object(body).items()}
        if not told.get("messageId") or not told.get("msisdn"):
            raise ValueError("Not a call as Vonage documents it.")
        at = _at(told.get("message-timestamp", ""), received_at)
        if "status" in told:
            return _receipts(told, at)
        return _replies(told, at)


def signed_part(parameters: Mapping[str, str]) -> bytes:
    """Parameters sorted by name as &name=value, with & and = in values made underscores."""
    return "".join(
        f"&{name}={parameters[name].replace('&', '_').replace('=', '_')}"
        for name in sorted(parameters)
        if name != "sig"
    ).encode(errors="replace")


def _parameters(call: WebhookCall) -> dict[str, str]:
    """From a form or from JSON, as the account is set; {} for anything else."""
    if call.headers.get("content-type", "").startswith("application/json"):
        return {name: _text(value) for name, value in json_object(call.body).items()}
    return dict(parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _receipts(told: Mapping[str, str], at: datetime) -> list[InboundEvent]:
    """Every part has an id of its own; our id in client-ref is the same for all of them."""
    status = STATUSES.get(told["status"])
    if status is None:
        return []
    failed = status is ReceiptStatus.FAILED
    error = told.get("err-code", "") if failed else ""
    code, message = explain(error) if failed else ("", "")
    return [
        Receipt(
            status=status,
            at=at,
            provider_message_id=told["messageId"],
            message_id=our_id(told.get("client-ref", "")),
            code=code,
            provider_code=error,
            message=message,
            opted_out=error == OPTED_OUT,
        )
    ]


def _replies(told: Mapping[str, str], at: datetime) -> list[InboundEvent]:
    if not told.get("text"):
        return []
    return [
        Reply(
            account_id=told.get("to", ""),
            address=f"+{told['msisdn']}",
            provider_message_id=told["messageId"],
            text=told["text"],
            at=at,
            platform=Platform.SMS,
        )
    ]


def _at(timestamp: str, received_at: datetime) -> datetime:
    """UTC, to the second."""
    with suppress(ValueError):
        return datetime.strptime(timestamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return received_at
