"""Reads Gupshup's calls to us: version 2, and version 3, which has Meta's format.

A message has two ids: Gupshup's id, which the answer gave us and which we store, and WhatsApp's. In
version 2, `id` is Gupshup's for enqueued and failed; later it is WhatsApp's, and Gupshup's is
`gsId`. Gupshup leaves `gsId` out a week after the message was sent. Our receipts carry both ids, so
that a later receipt with WhatsApp's id alone finds its message.

Source: docs.gupshup.io/docs/message-events, partner-docs.gupshup.io/docs/events.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
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
from channels.port.outcomes import Outcome
from channels.providers.error_rules import receipt_of
from channels.providers.gupshup.errors import failed, failed_as_at_meta
from channels.providers.gupshup.inbound_message import content_of
from channels.providers.json_values import object_in, text_in
from channels.providers.meta.change_value import events_of, pair_of_status
from channels.providers.meta.errors import failed_by
from channels.providers.meta.template_webhook import TEMPLATE_FIELDS
from channels.providers.partly_read import all_or_partly_read, read_each
from channels.providers.reported_time import time_or
from channels.providers.url_token import UrlTokenWebhook
from channels.providers.user_addresses import address_of, same_person

NOT_AS_DOCUMENTED = "Not a call as Gupshup documents it."

# "enqueued" carries only the id of the accepted request, so it proves nothing more.
STATUSES = {
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.READ,
    "failed": ReceiptStatus.FAILED,
}

NOTHING_NEW = frozenset({"enqueued", "deleted"})
"""Statuses that change nothing: "enqueued" adds nothing to the accepted request."""

NOT_READ = frozenset({"account-event", "billing-event", "system-event", "template-event"})
"""Types of calls, and fields of changes, that are about the account, its bill or its templates."""

USER_OPTED_OUT = {"opted-out": True, "opted-in": False}
USER_NOTHING_NEW = frozenset({"sandbox-start"})


class GupshupWebhook(UrlTokenWebhook):
    """Reads Gupshup's calls, in version 2 and version 3."""

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The events in a stored call.

        Raises ValueError if the call is malformed, and PartlyRead if a part of it is.
        """
        try:
            event = json.loads(body)
            if "entry" in event:
                read = partial(_entry, received_at=received_at)
                events = read_each(read, event["entry"])
                return all_or_partly_read(events, message=NOT_AS_DOCUMENTED)
            return list(_version_2(event, received_at))
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


def _version_2(event: dict[str, Any], received_at: datetime) -> Iterator[InboundEvent]:
    payload, kind = event["payload"], event["type"]
    at = time_or(received_at, event.get("timestamp"))
    if kind == "message-event":
        yield from _event(payload, at=at)
    elif kind == "message":
        yield from _message(payload, account_id=str(event.get("phone", "")), at=at)
    elif kind == "user-event":
        yield from _user_event(payload, at=at)
    elif kind not in NOT_READ:
        yield NotUnderstood(Part.CALL, str(kind), at)


def _event(payload: dict[str, Any], *, at: datetime) -> Iterator[InboundEvent]:
    status = STATUSES.get(payload["type"])
    if status is None:
        yield from _unknown_status(payload["type"], at)
        return
    given = payload.get("payload")
    details = {"reason": given} if isinstance(given, str) else object_in(given)
    yield _receipt(
        status,
        at=time_or(at, details.get("ts")),
        ids=_ids(payload.get("gsId"), payload["id"]),
        reason=failed(details.get("code"), text_in(details.get("reason"))),
    )


def _unknown_status(word: object, at: datetime) -> Iterator[InboundEvent]:
    if word not in NOTHING_NEW:
        yield NotUnderstood(Part.STATUS, str(word), at)


def _message(payload: dict[str, Any], *, account_id: str, at: datetime) -> Iterator[InboundEvent]:
    content = content_of(payload)
    sender, context = object_in(payload.get("sender")), object_in(payload.get("context"))
    number, user_id = payload.get("source") or sender.get("phone"), _user_id(payload, sender)
    address = address_of(number, user_id)
    if not address or not payload["id"]:
        raise ValueError(NOT_AS_DOCUMENTED)
    yield from same_person(number, user_id, account_id=account_id, at=at)
    yield Reply(
        account_id=account_id,
        address=address,
        provider_message_id=str(payload["id"]),
        text=content.text,
        at=at,
        payload=content.payload,
        in_reply_to=content.answers or str(context.get("gsId") or context.get("id") or ""),
        kind=content.kind,
        group_id=str(payload.get("group_id") or ""),
    )
    if content.kind is ReplyKind.UNKNOWN:
        yield NotUnderstood(Part.MESSAGE, content.unknown_type, at)


def _user_id(payload: Mapping[str, Any], sender: Mapping[str, Any]) -> object:
    """The writer's user id, which only some accounts have."""
    return payload.get("source_user_id") or sender.get("user_id")


def _user_event(payload: dict[str, Any], *, at: datetime) -> Iterator[InboundEvent]:
    word = str(payload["type"]).lower()
    opted_out = USER_OPTED_OUT.get(word)
    if opted_out is None:
        if word not in USER_NOTHING_NEW:
            yield NotUnderstood(Part.PREFERENCE, word, at)
        return
    number, user_id = payload.get("phone"), payload.get("user_id")
    address = address_of(number, user_id)
    if not address:
        raise ValueError(NOT_AS_DOCUMENTED)
    yield from same_person(number, user_id, account_id="", at=at)
    yield OptChange(
        account_id="",
        address=address,
        opted_out=opted_out,
        marketing_only=False,
        at=at,
        reason=f"gupshup_{word}".replace("-", "_"),
    )


# --- version 3 ----------------------------------------------------------------------------------


def _entry(entry: dict[str, Any], *, received_at: datetime) -> Iterator[InboundEvent | None]:
    return read_each(partial(_change, received_at=received_at), entry["changes"])


def _change(change: dict[str, Any], *, received_at: datetime) -> Iterator[InboundEvent | None]:
    value, field = change["value"], change.get("field")
    if field in NOT_READ or field in TEMPLATE_FIELDS:  # a sync copies templates
        return
    phone = str(object_in(value.get("metadata")).get("display_phone_number") or "")
    yield from events_of(
        value,
        field=field,
        account_id="".join(filter(str.isdecimal, phone)),
        received_at=received_at,
        read_status=_status,
        quoted_keys=("gs_id", "id"),
    )


def _status(
    receipt: dict[str, Any], *, account_id: str, received_at: datetime
) -> Iterator[InboundEvent]:
    at = time_or(received_at, receipt.get("timestamp"))
    yield from pair_of_status(receipt, account_id=account_id, at=at)
    word = str(receipt["status"]).lower()
    status = STATUSES.get(word)
    if status is None:
        yield from _unknown_status(word, at)
        return
    yield _receipt(
        status,
        at=at,
        ids=_ids(receipt.get("gs_id"), receipt["id"]),
        reason=failed_by(receipt.get("errors"), failed_as_at_meta),
    )


# --- both ---------------------------------------------------------------------------------------


def _receipt(
    status: ReceiptStatus, *, at: datetime, ids: tuple[str, str], reason: Outcome
) -> Receipt:
    """`reason`: of a failure; another status has none."""
    message_id, alias = ids
    if status is not ReceiptStatus.FAILED:
        return Receipt(status=status, at=at, provider_message_id=message_id, alias=alias)
    return receipt_of(reason, at=at, provider_message_id=message_id, alias=alias)


def _ids(own: Any, named: Any) -> tuple[str, str]:
    """Gupshup's id and WhatsApp's; if the call names one id only, that id and ''."""
    return (str(own), str(named)) if own and own != named else (str(named), "")
