"""Reads Twilio's calls to us: the signature, delivery statuses, replies and opt-outs.

Source: twilio.com/docs/usage/webhooks/webhooks-security and …/messaging-webhooks.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit
from uuid import UUID

from channels.platforms import Platform
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
from channels.port.webhook_reader import WebhookAnswer, WebhookReader
from channels.providers.echoed_id import our_id
from channels.providers.error_rules import receipt_of
from channels.providers.twilio.errors import failed
from channels.providers.twilio.inbound_message import content_of
from channels.providers.user_addresses import address_of, same_person

STATUSES = {
    # Twilio has the message in a queue: a proof of acceptance, also if the answer was lost.
    "accepted": ReceiptStatus.SENT,
    "scheduled": ReceiptStatus.SENT,
    "queued": ReceiptStatus.SENT,
    "sending": ReceiptStatus.SENT,
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.READ,
    "failed": ReceiptStatus.FAILED,
    "undelivered": ReceiptStatus.FAILED,
    "canceled": ReceiptStatus.FAILED,
}

RECEIVED = frozenset({"received", "receiving"})
"""The statuses of a recipient's message, if the call has a status."""

# Twilio adds OptOutType when it has acted on a keyword itself.
OPT_OUTS = {"STOP": True, "START": False}
OPT_NOTHING = frozenset({"", "HELP"})

CHANNELS = {"": Platform.SMS, "whatsapp": Platform.WHATSAPP, "rcs": Platform.RCS}
"""What stands before the colon of an address."""

MESSAGE_ID = "broadcast_message_id"
"""The query parameter of a StatusCallback that carries our message id; the name is ours."""

LONGEST_ADDRESS = {Platform.SMS: 32, Platform.RCS: 32, Platform.WHATSAPP: 150}
"""Characters. E.164 has at most 16, a short code or a name fewer, a WhatsApp user id 131."""

NOT_AS_DOCUMENTED = "Not a call as Twilio documents it."

PORTS = {"https": 443, "http": 80}


def callback_url(webhook_url: str, message_id: UUID) -> str:
    """The StatusCallback of one message."""
    return f"{webhook_url}?{urlencode({MESSAGE_ID: message_id})}"


class TwilioWebhook(WebhookReader):
    """Reads Twilio's calls: delivery statuses, replies and opt-outs."""

    # Twilio sends a text in the answer to the writer of the message; empty TwiML sends nothing.
    # Source: twilio.com/docs/messaging/twiml ("Your response").
    answer = WebhookAnswer(200, "text/xml", b"<Response/>")

    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        """Whether X-Twilio-Signature is the auth token's HMAC of the URL and the form.

        Twilio signs the URL with or without its port, so both spellings are accepted. A JSON body
        is signed by its hash in the query; without that hash the call is unsigned and refused.
        """
        token = secrets.secrets.get("auth_token", "")
        signature = call.headers.get("x-twilio-signature", "")
        signed = _signed_part(call)
        if not token or signed is None:
            return False
        expected = [_signature(token, url + signed) for url in _spellings(urlsplit(call.url))]
        return any(hmac.compare_digest(signature.encode(), right.encode()) for right in expected)

    def to_store(self, call: WebhookCall) -> bytes:
        """The form, followed by our message id from the signed URL."""
        message_id = call.query.get(MESSAGE_ID, "")
        extra = urlencode({MESSAGE_ID: message_id}).encode() if message_id else b""
        return b"&".join(part for part in (call.body, extra) if part)

    def event_key(self, body: bytes) -> str:
        """The message's id and its status, which identify a repeated call."""
        form = _form(body)
        message_id = _message_id(form)
        return f"{message_id}:{_status(form)}" if message_id else ""

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The events in a stored call, which has no time. Raises ValueError if it is malformed."""
        form = _form(body)
        if not _message_id(form):
            raise ValueError(NOT_AS_DOCUMENTED)
        if _status(form) not in RECEIVED:
            return list(_receipts(form, received_at))
        return list(_messages(form, received_at))


def _message_id(form: Mapping[str, str]) -> str:
    return form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid") or ""


def _status(form: Mapping[str, str]) -> str:
    """The status of a message of ours; "received" if the call is a recipient's message."""
    if form.get("MessageStatus"):
        return form["MessageStatus"].lower()
    former = form.get("SmsStatus", "").lower()
    is_message = former in RECEIVED or "Body" in form or "NumMedia" in form
    return former if former and not is_message else "received"


def _signed_part(call: WebhookCall) -> str | None:
    """The signed text after the URL; None if the body is not signed."""
    if call.headers.get("content-type", "").startswith("application/json"):
        expected = hashlib.sha256(call.body).hexdigest()
        digest = call.query.get("bodySHA256", "")
        return "" if hmac.compare_digest(digest.encode(), expected.encode()) else None
    try:
        pairs = parse_qsl(call.body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        return None
    return "".join(f"{name}{value}" for name, value in sorted(set(pairs)))


def _spellings(url: SplitResult) -> tuple[str, str]:
    """The URL without and with its port."""
    host = url.netloc.removesuffix(f":{url.port}") if url.port else url.netloc
    port = url.port or PORTS.get(url.scheme, 443)
    return (
        url._replace(netloc=host).geturl(),
        url._replace(netloc=f"{host}:{port}").geturl(),
    )


def _signature(token: str, signed: str) -> str:
    # SHA-1 is Twilio's choice; HMAC with SHA-1 is not broken.
    digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _receipts(form: Mapping[str, str], at: datetime) -> Iterator[InboundEvent]:
    word = _status(form)
    status = STATUSES.get(word)
    _, _, recipient = form.get("To", "").rpartition(":")
    yield from same_person(
        recipient,
        form.get("ExternalUserId"),
        account_id=form.get("From", ""),
        at=at,
        platform=Platform.WHATSAPP,
    )
    if status is None:
        yield NotUnderstood(Part.STATUS, word, at)
        return
    sid, message_id = _message_id(form), our_id(form.get(MESSAGE_ID, ""))
    if status is not ReceiptStatus.FAILED:
        yield Receipt(status=status, at=at, provider_message_id=sid, message_id=message_id)
        return
    reason = failed(form.get("ErrorCode", ""))
    yield receipt_of(reason, at=at, provider_message_id=sid, message_id=message_id)


def _messages(form: Mapping[str, str], at: datetime) -> Iterator[InboundEvent]:
    channel, _, writer = form.get("From", "").rpartition(":")
    platform = CHANNELS.get(channel.lower())
    if platform is None:
        yield NotUnderstood(Part.CHANNEL, channel, at)
        return
    account_id, opt_out = form.get("To", ""), form.get("OptOutType", "").upper()
    address = _address(form, writer, platform)
    yield from same_person(
        address, form.get("ExternalUserId"), account_id=account_id, at=at, platform=platform
    )
    if opt_out in OPT_OUTS:
        yield OptChange(
            account_id=account_id,
            address=address,
            opted_out=OPT_OUTS[opt_out],
            marketing_only=False,
            at=at,
            reason=f"twilio_{opt_out.lower()}",
            platform=platform,
        )
    elif opt_out not in OPT_NOTHING:
        yield NotUnderstood(Part.PREFERENCE, opt_out, at)
    content = content_of(form)
    yield Reply(
        account_id=account_id,
        address=address,
        provider_message_id=_message_id(form),
        text=content.text,
        at=at,
        payload=content.payload,
        in_reply_to=form.get("OriginalRepliedMessageSid", ""),
        platform=platform,
        kind=content.kind,
    )
    if content.kind is ReplyKind.UNKNOWN:
        yield NotUnderstood(Part.MESSAGE, content.unknown_type, at)


def _address(form: Mapping[str, str], writer: str, platform: Platform) -> str:
    """The writer's number, else user id. A WhatsApp user with a username may have no number."""
    if platform is Platform.WHATSAPP and not address_of(writer).startswith("+"):
        writer = address_of(form.get("WaId"), form.get("ExternalUserId") or writer)
    if not 0 < len(writer) <= LONGEST_ADDRESS[platform]:
        raise ValueError("The sender's address is no number and no user id.")
    return writer
