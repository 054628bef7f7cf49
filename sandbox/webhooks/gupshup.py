"""What Gupshup posts to a webhook: one event of version 2. Nothing signs it."""

import json
from typing import Any, Final

from sandbox.books.witness import Record, Status

APP: Final = "SandboxApp"
NOT_ON_WHATSAPP: Final = {"code": 1002, "reason": "Number Does Not Exist On WhatsApp"}


def status(record: Record, told: Status, at: float) -> bytes:
    """`id` is Gupshup's in a failure and WhatsApp's otherwise, with Gupshup's as `gsId`."""
    if told is Status.FAILED:
        ids, details = {"id": record.message_id}, dict(NOT_ON_WHATSAPP)
    else:
        ids = {"id": f"gBEGkYaYVSEE{record.seq:012d}", "gsId": record.message_id}
        details = {"ts": int(at)}
    payload = {**ids, "type": told.value, "destination": record.to, "payload": details}
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
    told = {"app": APP, "timestamp": int(at * 1000), "version": 2, "type": kind, **more}
    return json.dumps({**told, "payload": payload}, separators=(",", ":")).encode()
