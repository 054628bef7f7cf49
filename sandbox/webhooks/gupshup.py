"""The webhook calls of Gupshup: one event of version 2 each, unsigned."""

import json
from typing import Any, Final

from sandbox.books.witness import Record, Status

APP: Final = "SandboxApp"
NOT_ON_WHATSAPP: Final = {"code": 1002, "reason": "Number Does Not Exist On WhatsApp"}


def status(record: Record, reported: Status, at: float) -> bytes:
    """In a failure `id` is Gupshup's id; otherwise `id` is WhatsApp's and `gsId` Gupshup's."""
    if reported is Status.FAILED:
        ids, details = {"id": record.message_id}, dict(NOT_ON_WHATSAPP)
    else:
        ids = {"id": f"gBEGkYaYVSEE{record.seq:012d}", "gsId": record.message_id}
        details = {"ts": int(at)}
    payload = {**ids, "type": reported.value, "destination": record.to, "payload": details}
    return _event("message-event", payload, at)


def reply(account: str, sender: str, text: str, number: int, at: float) -> bytes:
    phone = sender.removeprefix("+")
    payload = {
        "id": f"wamid.inbound.{number}",
        "source": phone,
        "type": "text",
        "payload": {"text": text},
        "sender": {"phone": phone, "name": "Sandbox"},
    }
    return _event("message", payload, at, phone=account)


def _event(kind: str, payload: dict[str, Any], at: float, **more: str) -> bytes:
    event = {"app": APP, "timestamp": int(at * 1000), "version": 2, "type": kind, **more}
    return json.dumps({**event, "payload": payload}, separators=(",", ":")).encode()
