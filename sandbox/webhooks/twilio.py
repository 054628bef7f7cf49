"""The webhook calls of Twilio: one status or one reply each, as a signed form."""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import parse_qsl, urlencode

from sandbox.books.witness import Record, Status

NUMBER: Final = "+15550009999"
UNDELIVERABLE: Final = "30003"
KEYWORDS: Final = ("STOP", "START", "HELP")
"""Keywords that Twilio handles itself and marks with OptOutType."""

STATUSES: Final = {
    Status.SENT: "sent",
    Status.DELIVERED: "delivered",
    Status.READ: "read",
    Status.FAILED: "undelivered",
}


def status(account: str, record: Record, reported: Status) -> bytes:
    channel, _, number = record.to.rpartition(":")
    prefix = f"{channel}:" if channel else ""
    form = {
        "AccountSid": account,
        "ApiVersion": "2010-04-01",
        "From": f"{prefix}{NUMBER}",
        "To": f"{prefix}{'+' if number.isdecimal() else ''}{number}",
        "MessageSid": record.message_id,
        "SmsSid": record.message_id,
        "MessageStatus": STATUSES[reported],
        "SmsStatus": STATUSES[reported],
    }
    if channel:
        form["ChannelPrefix"] = channel
    if reported is Status.FAILED:
        form["ErrorCode"] = UNDELIVERABLE
    return urlencode(form).encode()


def reply(account: str, sender: str, to: str, text: str, number: int) -> bytes:
    sid = f"SM{number:032x}"
    form = {
        "AccountSid": account,
        "ApiVersion": "2010-04-01",
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "SmsStatus": "received",
        "NumMedia": "0",
        "NumSegments": "1",
        "From": sender,
        "To": to or NUMBER,
        "Body": text,
    }
    word = text.strip().upper()
    return urlencode(form | ({"OptOutType": word} if word in KEYWORDS else {})).encode()


def signature(token: str, url: str, body: bytes) -> str:
    """Base64 of HMAC-SHA1 over the URL and the form's pairs, sorted by name."""
    pairs = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    signed = url + "".join(name + value for name, value in pairs)
    return base64.b64encode(
        hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    ).decode()
