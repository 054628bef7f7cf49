"""Reads Gupshup's calls to us: version 2, and version 3, which has Meta's format.

A message has two ids: Gupshup's id, which the answer gave us and which we store, and WhatsApp's. In
version 2, `id` is Gupshup's for enqueued and failed; later it is WhatsApp's, and Gupshup's is
`gsId`. Gupshup leaves `gsId` out a week after the message was sent. Our receipts carry both ids, so
that a later receipt with WhatsApp's id alone finds its message.

Source: docs.gupshup.io/docs/message-events, partner-docs.gupshup.io/docs/events.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from channels.port.events import InboundEvent, OptChange, Receipt, ReceiptStatus, Reply
from channels.providers.error_rules import receipt_of
from channels.providers.gupshup.errors import failed
from channels.providers.meta.webhook import words_of
from channels.providers.partly_read import all_or_partly_read, read_each
from channels.providers.url_token import UrlTokenWebhook

NOT_AS_DOCUMENTED = "Not a call as Gupshup documents it."

# "enqueued" carries only the id of the accepted request, so it proves nothing more.
STATUSES = {
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.READ,
    "failed": ReceiptStatus.FAILED,
}

MILLISECONDS_FROM = 10**11
"""Larger timestamps are milliseconds: seconds since 1970 stay below it until the year 5138."""


class GupshupWebhook(UrlTokenWebhook):
    """Reads Gupshup's calls, in version 2 and version 3."""

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The events in a stored call.

        Raises ValueError if the call is malformed, and PartlyRead if a part of it is.
        """
        try:
            event = json.loads(body)
            if "entry" in event:
                return all_or_partly_read(
                    read_each(_entry, event["entry"]), message=NOT_AS_DOCUMENTED
                )
            return list(_version_2(event))
        except (
            KeyError,
            TypeError,
            AttributeError,
            OverflowError,
            OSError,
            RecursionError,
        ) as error:
            raise ValueError(NOT_AS_DOCUMENTED) from error


# --- version 2 ----------------------------------------------------------------------------------


def _version_2(event: dict[str, Any]) -> Iterator[InboundEvent]:
    payload, kind = event["payload"], event["type"]
    if kind == "message-event":
        yield from _event(payload, at=_at(event["timestamp"]))
    elif kind == "message":
        yield from _message(payload, account_id=str(event.get("phone", "")), at=event["timestamp"])
    elif kind == "user-event":
        yield from _user_event(payload, at=_at(event["timestamp"]))


def _event(payload: dict[str, Any], *, at: datetime) -> Iterator[InboundEvent]:
    status = STATUSES.get(payload["type"])
    if status is None:
        return
    details = payload.get("payload") or {}
    yield _receipt(
        status,
        at=_at(details["ts"]) if details.get("ts") else at,
        ids=_ids(payload.get("gsId"), payload["id"]),
        error=(details.get("code"), str(details.get("reason", ""))),
    )


def _message(payload: dict[str, Any], *, account_id: str, at: Any) -> Iterator[InboundEvent]:
    details = payload.get("payload") or {}
    text = details.get("text") or details.get("title") or ""
    sender = payload.get("source") or (payload.get("sender") or {}).get("phone")
    if not text or not sender:
        return
    context = payload.get("context") or {}
    yield Reply(
        account_id=account_id,
        address=f"+{str(sender).removeprefix('+')}",
        provider_message_id=str(payload["id"]),
        text=str(text),
        at=_at(at),
        payload=str(details.get("postbackText") or ""),
        in_reply_to=str(context.get("gsId") or context.get("id") or ""),
    )


USER_EVENTS = {"opted-out": True, "opted-in": False}


def _user_event(payload: dict[str, Any], *, at: datetime) -> Iterator[InboundEvent]:
    opted_out = USER_EVENTS.get(payload["type"])
    if opted_out is not None and payload.get("phone"):
        yield OptChange(
            account_id="",
            address=f"+{str(payload['phone']).removeprefix('+')}",
            opted_out=opted_out,
            marketing_only=False,
            at=at,
            reason=f"gupshup_{payload['type']}".replace("-", "_"),
        )


# --- version 3 ----------------------------------------------------------------------------------


def _entry(entry: dict[str, Any]) -> Iterator[InboundEvent | None]:
    return read_each(_change, entry["changes"])


def _change(change: dict[str, Any]) -> Iterator[InboundEvent | None]:
    value = change["value"]
    yield from read_each(_status, value.get("statuses", []))
    phone = (value.get("metadata") or {}).get("display_phone_number", "")
    message = partial(_meta_message, account_id=str(phone).removeprefix("+"))
    yield from read_each(message, value.get("messages", []))


def _status(receipt: dict[str, Any]) -> Iterator[InboundEvent]:
    status = STATUSES.get(receipt["status"])
    if status is None:
        return
    error = (receipt.get("errors") or [{}])[0]
    yield _receipt(
        status,
        at=_at(receipt["timestamp"]),
        ids=_ids(receipt.get("gs_id"), receipt["id"]),
        error=(error.get("code"), str(error.get("message") or error.get("title") or "")),
    )


def _meta_message(message: dict[str, Any], *, account_id: str) -> Iterator[InboundEvent]:
    text = words_of(message)
    if not text or not message.get("from"):
        return
    context = message.get("context") or {}
    yield Reply(
        account_id=account_id,
        address=f"+{message['from']}",
        provider_message_id=str(message["id"]),
        text=text,
        at=_at(message["timestamp"]),
        in_reply_to=str(context.get("gs_id") or context.get("id") or ""),
    )


# --- both ---------------------------------------------------------------------------------------


def _receipt(
    status: ReceiptStatus, *, at: datetime, ids: tuple[str, str], error: tuple[Any, str]
) -> Receipt:
    message_id, alias = ids
    if status is not ReceiptStatus.FAILED:
        return Receipt(status=status, at=at, provider_message_id=message_id, alias=alias)
    reason = failed(_number(error[0]), error[1])
    return receipt_of(reason, at=at, provider_message_id=message_id, alias=alias)


def _ids(own: Any, named: Any) -> tuple[str, str]:
    """Gupshup's id and WhatsApp's; if the call names one id only, that id and ''."""
    return (str(own), str(named)) if own and own != named else (str(named), "")


def _number(code: Any) -> int | None:
    with suppress(ValueError, TypeError):
        return int(code)
    return None


def _at(timestamp: Any) -> datetime:
    """Seconds or milliseconds since 1970, as a number or a string."""
    number = float(timestamp)
    return datetime.fromtimestamp(number / 1000 if number > MILLISECONDS_FROM else number, tz=UTC)
