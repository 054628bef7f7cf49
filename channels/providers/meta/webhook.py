"""Reads Meta's calls to us: the set-up call, the signature and the events.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from channels.port.events import InboundEvent, NotUnderstood, Part, Receipt, ReceiptStatus
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.webhook_reader import WebhookReader
from channels.providers.echoed_id import our_id
from channels.providers.error_rules import receipt_of
from channels.providers.json_values import object_in, text_in
from channels.providers.meta.change_value import events_of, pair_of_status
from channels.providers.meta.errors import failed_by
from channels.providers.meta.template_webhook import TEMPLATE_FIELDS, template_changes
from channels.providers.partly_read import all_or_partly_read, read_each
from channels.providers.reported_time import time_or

NOT_AS_DOCUMENTED = "Not a call as Meta documents it."

STATUSES = {
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.READ,
    "played": ReceiptStatus.READ,  # a voice message was played
    "failed": ReceiptStatus.FAILED,
}

NOTHING_NEW = frozenset({"deleted", "warning"})
"""Statuses that change nothing: the recipient deleted the message; a warning about its template."""


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
        read = partial(_entry, received_at=received_at)
        return all_or_partly_read(read_each(read, entries), message=NOT_AS_DOCUMENTED)


def _entry(entry: dict[str, Any], *, received_at: datetime) -> Iterator[InboundEvent | None]:
    read = partial(_change, entry, received_at=received_at)
    return read_each(read, entry["changes"])


def _change(
    entry: dict[str, Any], change: dict[str, Any], *, received_at: datetime
) -> Iterator[InboundEvent | None]:
    value, field = change["value"], change.get("field")
    if field in TEMPLATE_FIELDS:
        yield from template_changes(entry, change, received_at=received_at)
        return
    yield from events_of(
        value,
        field=field,
        account_id=str(object_in(value.get("metadata")).get("phone_number_id") or ""),
        received_at=received_at,
        read_status=_status,
    )


def _status(
    status: dict[str, Any], *, account_id: str, received_at: datetime
) -> Iterator[InboundEvent]:
    at = time_or(received_at, status.get("timestamp"))
    yield from pair_of_status(status, account_id=account_id, at=at)
    word = str(status["status"]).lower()
    if word in STATUSES:
        yield _receipt(STATUSES[word], status, at)
    elif word not in NOTHING_NEW:
        yield NotUnderstood(Part.STATUS, word, at)


def _receipt(kind: ReceiptStatus, status: dict[str, Any], at: datetime) -> Receipt:
    wamid = text_in(status.get("id"))
    message_id = our_id(status.get("biz_opaque_callback_data"))
    if not wamid and message_id is None:
        raise ValueError(NOT_AS_DOCUMENTED)
    if kind is not ReceiptStatus.FAILED:
        return Receipt(status=kind, at=at, provider_message_id=wamid, message_id=message_id)
    reason = failed_by(status.get("errors"))
    return receipt_of(reason, at=at, provider_message_id=wamid, message_id=message_id)
