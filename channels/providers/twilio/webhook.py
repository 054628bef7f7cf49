"""Reads Twilio's calls to us: the signature, delivery statuses, replies and opt-outs.

Source: twilio.com/docs/usage/webhooks/webhooks-security and …/messaging-webhooks.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit
from uuid import UUID

from channels.platforms import Platform
from channels.port.events import InboundEvent, OptChange, Receipt, ReceiptStatus, Reply
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.webhook_reader import WebhookReader
from channels.providers.echoed_id import our_id
from channels.providers.error_rules import receipt_of
from channels.providers.twilio.errors import failed

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

RECEIVED = "received"
"""The status of a recipient's message, if the call has a status."""

# Twilio adds OptOutType when it has acted on a keyword itself; HELP changes nothing.
OPT_OUTS = {"STOP": True, "START": False}

MESSAGE_ID = "broadcast_message_id"
"""The query parameter of a StatusCallback that carries our message id; the name is ours."""

LONGEST_ADDRESS = 32
"""Characters. E.164 has at most 16, a short code or a name fewer."""

PORTS = {"https": 443, "http": 80}


def callback_url(webhook_url: str, message_id: UUID) -> str:
    """The StatusCallback of one message."""
    return f"{webhook_url}?{urlencode({MESSAGE_ID: message_id})}"


class TwilioWebhook(WebhookReader):
    """Reads Twilio's calls: delivery statuses, replies and opt-outs."""

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
        if "MessageSid" not in form:
            return ""
        return f"{form['MessageSid']}:{form.get('MessageStatus', RECEIVED)}"

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The events in a stored call, which has no time. Raises ValueError if it is malformed."""
        form = _form(body)
        if not form.get("MessageSid"):
            raise ValueError("Not a call as Twilio documents it.")
        if form.get("MessageStatus", RECEIVED) != RECEIVED:
            return _receipts(form, received_at)
        if "From" not in form:
            raise ValueError("Not a call as Twilio documents it.")
        return _messages(form, received_at)


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


def _receipts(form: dict[str, str], at: datetime) -> list[InboundEvent]:
    status = STATUSES.get(form["MessageStatus"])
    if status is None:
        return []
    sid, message_id = form["MessageSid"], our_id(form.get(MESSAGE_ID, ""))
    if status is not ReceiptStatus.FAILED:
        return [Receipt(status=status, at=at, provider_message_id=sid, message_id=message_id)]
    reason = failed(form.get("ErrorCode", ""))
    return [receipt_of(reason, at=at, provider_message_id=sid, message_id=message_id)]


def _messages(form: dict[str, str], at: datetime) -> list[InboundEvent]:
    platform, address = _recipient(form["From"])
    account_id, opt_out = form.get("To", ""), form.get("OptOutType", "").upper()
    events: list[InboundEvent] = []
    if opt_out in OPT_OUTS:
        events.append(
            OptChange(
                account_id=account_id,
                address=address,
                opted_out=OPT_OUTS[opt_out],
                marketing_only=False,
                at=at,
                reason=f"twilio_{opt_out.lower()}",
                platform=platform,
            )
        )
    text = form.get("ButtonText") or form.get("Body", "")
    if text:
        events.append(
            Reply(
                account_id=account_id,
                address=address,
                provider_message_id=form["MessageSid"],
                text=text,
                at=at,
                payload=form.get("ButtonPayload", ""),
                in_reply_to=form.get("OriginalRepliedMessageSid", ""),
                platform=platform,
            )
        )
    return events


def _recipient(address: str) -> tuple[Platform, str]:
    channel, _, number = address.rpartition(":")
    if not 0 < len(number) <= LONGEST_ADDRESS:
        raise ValueError("The sender's address is no number.")
    channels = {"whatsapp": Platform.WHATSAPP, "rcs": Platform.RCS}
    return channels.get(channel, Platform.SMS), number
