"""The webhook calls of Vonage: one receipt or one reply each, as a signed form."""

import hashlib
import hmac
import time
from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from sandbox.books.witness import Record, Status

NUMBER: Final = "15550009999"
ABSENT: Final = "2"

STATUSES: Final = {
    Status.SENT: "accepted",
    Status.DELIVERED: "delivered",
    Status.FAILED: "failed",
}


def status(account: str, record: Record, reported: Status, at: float) -> bytes:
    form = {
        "msisdn": record.to,
        "to": NUMBER,
        "network-code": "12345",
        "messageId": record.message_id,
        "price": "0.03330000",
        "status": STATUSES[reported],
        "scts": _utc("%y%m%d%H%M", at),
        "err-code": ABSENT if reported is Status.FAILED else "0",
        "api-key": account,
        "client-ref": record.our_id,
        "message-timestamp": _utc("%Y-%m-%d %H:%M:%S", at),
    }
    return urlencode(form).encode()


def reply(account: str, sender: str, to: str, text: str, number: int) -> bytes:
    form = {
        "api-key": account,
        "msisdn": sender.removeprefix("+"),
        "to": (to or NUMBER).removeprefix("+"),
        "messageId": f"0B{number:014X}",
        "text": text,
        "type": "text",
        "keyword": "".join(text.split(maxsplit=1)[:1]).upper(),
        "message-timestamp": _utc("%Y-%m-%d %H:%M:%S", time.time()),
    }
    return urlencode(form).encode()


def signed(secret: str, body: bytes) -> bytes:
    """The form with timestamp, nonce and sig (HMAC-SHA256 over the sorted parameters)."""
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    form |= {"timestamp": str(int(time.time())), "nonce": str(uuid4())}
    parameters = "".join(
        f"&{name}={form[name].replace('&', '_').replace('=', '_')}" for name in sorted(form)
    )
    form["sig"] = hmac.new(secret.encode(), parameters.encode(), hashlib.sha256).hexdigest()
    return urlencode(form).encode()


def _utc(pattern: str, at: float) -> str:
    return time.strftime(pattern, time.gmtime(at))
