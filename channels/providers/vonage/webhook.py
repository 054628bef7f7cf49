"""Reads Vonage's calls to us: delivery receipts (one per part) and replies, signed by `sig`.

Only accounts that sign with HMAC-SHA-256 or HMAC-SHA-512 are accepted: the plain MD5 hash that
Vonage also offers proves little.

Source: developer.vonage.com/en/getting-started/concepts/signing-messages and
…/messaging/sms/guides/delivery-receipts.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from channels.platforms import Platform
from channels.port.events import (
    InboundEvent,
    NotUnderstood,
    Part,
    Receipt,
    ReceiptStatus,
    Reply,
    ReplyKind,
)
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.webhook_reader import WebhookReader
from channels.providers.echoed_id import our_id
from channels.providers.error_rules import json_object, receipt_of
from channels.providers.vonage.errors import failed

STATUSES = {
    # "unknown" proves only that Vonage took the message; a failure comes as "failed".
    "unknown": ReceiptStatus.SENT,
    "accepted": ReceiptStatus.SENT,
    "buffered": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "expired": ReceiptStatus.FAILED,
    "failed": ReceiptStatus.FAILED,
    "rejected": ReceiptStatus.FAILED,
    "deleted": ReceiptStatus.FAILED,
}

KINDS = {
    "text": ReplyKind.TEXT,
    "unicode": ReplyKind.TEXT,
    "": ReplyKind.TEXT,  # only if the call has a text
}
"""The `type` of a message. A binary message has no words, so its kind is unknown."""

# Length of a signature in hexadecimal digits → its hash function
DIGESTS = {64: hashlib.sha256, 128: hashlib.sha512}


class VonageWebhook(WebhookReader):
    """Reads Vonage's calls: delivery receipts, one per part, and replies."""

    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        """Whether `sig` is the signature secret's HMAC of the other parameters."""
        secret = secrets.secrets.get("signature_secret", "")
        parameters = _parameters(call)
        signature = parameters.get("sig", "").lower()
        digest = DIGESTS.get(len(signature))
        if not secret or digest is None or "timestamp" not in parameters:
            return False
        expected = hmac.new(secret.encode(), signed_part(parameters), digest).hexdigest()
        return hmac.compare_digest(signature.encode(errors="replace"), expected.encode())

    def to_store(self, call: WebhookCall) -> bytes:
        """The parameters as JSON, also if they came as a form."""
        return json.dumps(_parameters(call)).encode()

    def event_key(self, body: bytes) -> str:
        """The part's id and its status, which identify a repeated call."""
        parameters = json_object(body)
        if not isinstance(parameters.get("messageId"), str):
            return ""
        return f"{parameters['messageId']}:{parameters.get('status', 'received')}"

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The events in a stored call. Raises ValueError if the call is malformed."""
        given = {name: value for name, value in json_object(body).items() if value is not None}
        parameters = {name: _text(value) for name, value in given.items()}
        is_receipt = "status" in parameters
        if not parameters.get("messageId") or not (is_receipt or parameters.get("msisdn")):
            raise ValueError("Not a call as Vonage documents it.")
        at = _at(parameters.get("message-timestamp", ""), received_at)
        return list((_receipts if is_receipt else _replies)(parameters, at))


def signed_part(parameters: Mapping[str, str]) -> bytes:
    """The signed text: &name=value sorted by name; & and = in values become underscores."""
    return "".join(
        f"&{name}={parameters[name].replace('&', '_').replace('=', '_')}"
        for name in sorted(parameters)
        if name != "sig"
    ).encode(errors="replace")


def _parameters(call: WebhookCall) -> dict[str, str]:
    """The parameters, from a form or from JSON as the account is set; {} for any other body."""
    if call.headers.get("content-type", "").startswith("application/json"):
        return {name: _text(value) for name, value in json_object(call.body).items()}
    return dict(parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _receipts(parameters: Mapping[str, str], at: datetime) -> Iterator[InboundEvent]:
    """Every part has its own id; our id in client-ref is the same for all parts of a message."""
    word = parameters["status"].lower()
    status = STATUSES.get(word)
    if status is None:
        yield NotUnderstood(Part.STATUS, word, at)
        return
    part_id, message_id = parameters["messageId"], our_id(parameters.get("client-ref", ""))
    if status is not ReceiptStatus.FAILED:
        yield Receipt(status=status, at=at, provider_message_id=part_id, message_id=message_id)
        return
    reason = failed(parameters.get("err-code", ""))
    yield receipt_of(reason, at=at, provider_message_id=part_id, message_id=message_id)


def _replies(parameters: Mapping[str, str], at: datetime) -> Iterator[InboundEvent]:
    text, word = parameters.get("text", ""), parameters.get("type", "").lower()
    kind = KINDS.get(word, ReplyKind.UNKNOWN)
    if not word and not text:
        kind = ReplyKind.UNKNOWN
    yield Reply(
        account_id=parameters.get("to", ""),
        address=f"+{parameters['msisdn'].removeprefix('+')}",
        provider_message_id=parameters["messageId"],
        text=text,
        at=at,
        platform=Platform.SMS,
        kind=kind,
    )
    if kind is ReplyKind.UNKNOWN:
        yield NotUnderstood(Part.MESSAGE, word or "no type", at)


def _at(timestamp: str, received_at: datetime) -> datetime:
    """The time in UTC, to the second; the time of receipt if there is none."""
    with suppress(ValueError):
        return datetime.strptime(timestamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return received_at
