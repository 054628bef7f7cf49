"""Reads Meta's calls to us: the set-up call, the signature and the events.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from channels.port.events import InboundEvent, OptChange, Receipt, ReceiptStatus, Reply
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.webhook_reader import WebhookReader
from channels.providers.echoed_id import our_id
from channels.providers.error_rules import receipt_of
from channels.providers.meta.errors import failed
from channels.providers.meta.template_webhook import template_changes
from channels.providers.partly_read import all_or_partly_read, read_each

NOT_AS_DOCUMENTED = "Not a call as Meta documents it."

STATUSES = {
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.READ,
    "played": ReceiptStatus.READ,  # a voice message was played
    "failed": ReceiptStatus.FAILED,
}


class MetaWebhook(WebhookReader):
    """Reads Meta's calls: the set-up call, receipts, replies, opt-outs and template changes."""

    def handshake(self, secrets: WebhookSecrets, call: WebhookCall) -> str | None:
        """The challenge, if the call names our verify token."""
        expected = secrets.secrets.get("verify_token", "")
        token = call.query.get("hub.verify_token", "")
        if not expected or call.query.get("hub.mode") != "subscribe":
            return None
        if not hmac.compare_digest(token.encode(), expected.encode()):
            return None
        return call.query.get("hub.challenge")

    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        """Whether X-Hub-Signature-256 is the app secret's HMAC of the raw body."""
        secret = secrets.secrets.get("app_secret", "")
        if not secret:
            return False
        digest = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
        signature = call.headers.get("x-hub-signature-256", "")
        return hmac.compare_digest(signature.encode(), f"sha256={digest}".encode())

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """All events of a call, from every entry and change.

        Raises ValueError if the call is malformed, and PartlyRead if a part of it is.
        """
        try:
            entries = json.loads(body)["entry"]
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(NOT_AS_DOCUMENTED) from error
        return all_or_partly_read(read_each(_entry, entries), message=NOT_AS_DOCUMENTED)


def _entry(entry: dict[str, Any]) -> Iterator[InboundEvent | None]:
    return read_each(partial(_change, entry), entry["changes"])


def _change(entry: dict[str, Any], change: dict[str, Any]) -> Iterator[InboundEvent | None]:
    value = change["value"]
    yield from read_each(_status, value.get("statuses", []))
    account_id = value.get("metadata", {}).get("phone_number_id", "")
    preference = partial(_preference, account_id=account_id)
    yield from read_each(preference, value.get("user_preferences", []))
    yield from read_each(partial(_message, account_id=account_id), value.get("messages", []))
    yield from template_changes(entry, change)


def _status(status: dict[str, Any]) -> Iterator[InboundEvent]:
    if status["status"] in STATUSES:
        yield _receipt(status)


def _preference(preference: dict[str, Any], *, account_id: str) -> Iterator[InboundEvent]:
    if preference.get("category") == "marketing_messages" and preference.get("wa_id"):
        yield _opt_change(preference, account_id=account_id)


def _message(message: dict[str, Any], *, account_id: str) -> Iterator[InboundEvent]:
    text = words_of(message)
    if text and message.get("from"):
        yield _reply(message, text=text, account_id=account_id)


def _receipt(status: dict[str, Any]) -> Receipt:
    kind, at = STATUSES[status["status"]], _at(status["timestamp"])
    wamid, message_id = str(status["id"]), our_id(status.get("biz_opaque_callback_data"))
    if kind is not ReceiptStatus.FAILED:
        return Receipt(status=kind, at=at, provider_message_id=wamid, message_id=message_id)
    error = (status.get("errors") or [{}])[0]
    return receipt_of(failed(error), at=at, provider_message_id=wamid, message_id=message_id)


def _opt_change(preference: dict[str, Any], *, account_id: str) -> OptChange:
    return OptChange(
        account_id=account_id,
        address=f"+{preference['wa_id']}",
        opted_out=preference["value"] != "resume",
        marketing_only=True,
        at=_at(preference["timestamp"]),
        reason=f"whatsapp_{preference['value']}"[:64],
    )


def _reply(message: dict[str, Any], *, text: str, account_id: str) -> Reply:
    return Reply(
        account_id=account_id,
        address=f"+{message['from']}",
        provider_message_id=str(message["id"]),
        text=text,
        at=_at(message["timestamp"]),
        in_reply_to=str((message.get("context") or {}).get("id", "")),
    )


def words_of(message: dict[str, Any]) -> str:
    """The text of a message or of a pressed button; '' for media and other types."""
    match message:
        case (
            {"type": "text", "text": {"body": str(text)}}
            | {"type": "button", "button": {"text": str(text)}}
            | {"type": "interactive", "interactive": {"button_reply": {"title": str(text)}}}
        ):
            return text
    return ""


def _at(timestamp: Any) -> datetime:
    """Meta sends seconds since 1970: as a string in statuses and messages, else as a number."""
    return datetime.fromtimestamp(int(timestamp), tz=UTC)
