"""Reads Google's calls to us: the set-up call, the signature and the events.

Source: developers.google.com/business-communications/rcs-business-messaging/guides/build/events.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from channels.port.events import (
    InboundEvent,
    NotUnderstood,
    OptChange,
    Part,
    Receipt,
    ReceiptStatus,
    Reply,
    ReplyKind,
)
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.webhook_reader import WebhookReader
from channels.providers.echoed_id import our_id
from channels.providers.error_rules import json_object, receipt_of, recipient
from channels.providers.google_rbm.inbound_message import content_of
from channels.providers.user_addresses import address_of

RECEIPTS = {
    "DELIVERED": ReceiptStatus.DELIVERED,
    "READ": ReceiptStatus.READ,
    # A revoked message cannot be delivered any more.
    "TTL_EXPIRATION_REVOKED": ReceiptStatus.FAILED,
    # It proves only that Google has taken the message.
    "TTL_EXPIRATION_REVOKE_FAILED": ReceiptStatus.SENT,
}
EXPIRED = recipient("expired", "The message was not delivered in time and was revoked.")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING_NEW = frozenset({"IS_TYPING"})
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
OPT_OUTS = {"UNSUBSCRIBE": True, "SUBSCRIBE": False}


class RbmWebhook(WebhookReader):
    """Reads Google's calls: the set-up call, receipts, replies and opt-outs."""

    def handshake(self, secrets: WebhookSecrets, call: WebhookCall) -> str | None:
        """The secret in the set-up call, if the call names our client token."""
        match json_object(call.body):
            case {"clientToken": str(token), "secret": str(secret)}:
                expected = secrets.secrets.get("client_token", "")
                is_ours = hmac.compare_digest(token.encode(errors="replace"), expected.encode())
                return secret if expected and is_ours else None
        return None

    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        """Whether X-Goog-Signature is the client token's HMAC of the decoded data."""
        token = secrets.secrets.get("client_token", "")
        try:
            data = _data(call.body)
        except ValueError:
            return False
        digest = hmac.new(token.encode(), data, hashlib.sha512).digest()
        signature = call.headers.get("x-goog-signature", "")
        return bool(token) and hmac.compare_digest(signature.encode(), base64.b64encode(digest))

    def event_key(self, body: bytes) -> str:
        """The event's or the message's id, because Pub/Sub may deliver a call twice.

        The events of one message, DELIVERED and READ, name the same message.
        """
        with suppress(ValueError):
            event = json_object(_data(body))
            message_id, kind = event.get("messageId"), event.get("eventType")
            if event.get("eventId") or not message_id:
                return str(event.get("eventId") or "")
            return f"{message_id}:{kind}" if kind else str(message_id)
        return ""

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The events in a call. Raises ValueError if the call is malformed."""
        try:
            event = json.loads(_data(body))
            at = _time(event.get("sendTime")) or _published(body) or received_at
            if "eventType" in event:
                return list(_events(event, at))
            return list(_replies({"messageId": _call_id(body)} | event, at))
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError("Not a call as Google documents it.") from error


def _data(body: bytes) -> bytes:
    """The signed data. Raises ValueError."""
    match json_object(body):
        case {"message": {"data": str(data)}}:
            try:
                return base64.b64decode(data, validate=True)
            except binascii.Error as error:
                raise ValueError("The data is not base64.") from error
    raise ValueError("Not a call as Google documents it.")


def _published(body: bytes) -> datetime | None:
    """The time at which Pub/Sub published the call, which Google sends in two spellings."""
    message = json_object(body)["message"]
    return _time(message.get("publishTime")) or _time(message.get("publish_time"))


def _call_id(body: bytes) -> str:
    """Pub/Sub's id of the call, for a message that has no id of its own."""
    message = json_object(body)["message"]
    return str(message.get("messageId") or message.get("message_id") or "")


def _events(event: Mapping[str, Any], at: datetime) -> Iterator[InboundEvent]:
    kind = str(event["eventType"]).upper()
    if kind in RECEIPTS:
        yield _receipt(event, RECEIPTS[kind], at)
    elif kind in OPT_OUTS:
        yield OptChange(
            account_id=_agent(event),
            address=_sender(event),
            opted_out=OPT_OUTS[kind],
            marketing_only=False,
            at=at,
            reason=f"rbm_{kind.lower()}",
        )
    elif kind not in NOTHING_NEW:
        yield NotUnderstood(Part.CALL, kind, at)


def _receipt(event: Mapping[str, Any], status: ReceiptStatus, at: datetime) -> Receipt:
    google_id, message_id = str(event["messageId"]), our_id(event["messageId"])
    if status is not ReceiptStatus.FAILED:
        return Receipt(status=status, at=at, provider_message_id=google_id, message_id=message_id)
    expired = EXPIRED.outcome(provider_code=event["eventType"])
    return receipt_of(expired, at=at, provider_message_id=google_id, message_id=message_id)


def _replies(event: Mapping[str, Any], at: datetime) -> Iterator[InboundEvent]:
    content, message_id = content_of(event), str(event["messageId"] or "")
    if not message_id:
        raise ValueError("A message without an id.")
    yield Reply(
        account_id=_agent(event),
        address=_sender(event),
        provider_message_id=message_id,
        text=content.text,
        at=at,
        payload=content.payload,
        kind=content.kind,
    )
    if content.kind is ReplyKind.UNKNOWN:
        yield NotUnderstood(Part.MESSAGE, content.unknown_type, at)


def _agent(event: Mapping[str, Any]) -> str:
    return str(event.get("agentId") or "").removesuffix("@rbm.goog")


def _sender(event: Mapping[str, Any]) -> str:
    """The recipient's number. Raises ValueError if it is not in E.164."""
    number = address_of(event.get("senderPhoneNumber"), event.get("phoneNumber"))
    if not PHONE.fullmatch(number):
        raise ValueError("The sender's number is not in E.164.")
    return number


def _time(text: object) -> datetime | None:
    """The time (RFC 3339, up to nine decimals); None if it is missing, unreadable or ambiguous."""
    if not isinstance(text, str):
        return None
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is not None and at >= EPOCH else None
    return None
