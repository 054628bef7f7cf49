"""The webhook calls of Google to an agent: one event each, in the envelope of Pub/Sub."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.books.witness import Record, Status

EVENTS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "IS_TYPING")
# Google has no event for "sent"; a message that fails later was not delivered in time.
STATUSES: Final = {
    Status.DELIVERED: "DELIVERED",
    Status.READ: "READ",
    Status.FAILED: "TTL_EXPIRATION_REVOKED",
}


def status(agent: str, record: Record, reported: Status, at: float) -> bytes:
    phone_key = "phoneNumber" if reported is Status.FAILED else "senderPhoneNumber"
    event = {
        phone_key: f"+{record.to}",
        "eventType": STATUSES[reported],
        "eventId": f"{record.seq}-{reported}",
        "messageId": record.message_id,
        "sendTime": rfc3339(at),
    }
    return envelope(agent, event, record.seq)


def reply(agent: str, sender: str, text: str, number: int) -> bytes:
    message = {"messageId": f"user-{number}", "text": text}
    return envelope(agent, _from(sender) | message, number)


def event(agent: str, sender: str, kind: str, number: int) -> bytes:
    fields = {"eventType": kind, "eventId": f"user-{number}"}
    return envelope(agent, _from(sender) | fields, number)


def _from(sender: str) -> dict[str, str]:
    return {"senderPhoneNumber": sender, "sendTime": rfc3339(datetime.now(UTC).timestamp())}


def envelope(agent: str, fields: dict[str, str], number: int) -> bytes:
    data = json.dumps(fields | {"agentId": f"{agent}@rbm.goog"}, separators=(",", ":"))
    message: dict[str, Any] = {
        "data": base64.b64encode(data.encode()).decode(),
        "messageId": str(number),
        "message_id": str(number),
        "publishTime": fields["sendTime"],
        "attributes": {},
    }
    whole = {"message": message, "subscription": "projects/sandbox/subscriptions/rbm"}
    return json.dumps(whole, separators=(",", ":")).encode()


def rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def signature(token: str, body: bytes) -> str:
    """Base64 of HMAC-SHA512 over the decoded data."""
    data = base64.b64decode(json.loads(body)["message"]["data"])
    return base64.b64encode(hmac.new(token.encode(), data, hashlib.sha512).digest()).decode()
