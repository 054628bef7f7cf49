"""What does one change report? Reads a change's value in Meta's format.

Gupshup's version 3 has the same format.
Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from channels.port.events import InboundEvent, NotUnderstood, OptChange, Part, Reply, ReplyKind
from channels.providers.json_values import object_in
from channels.providers.meta.fields import NOT_READ
from channels.providers.meta.inbound_message import content_of, type_of
from channels.providers.meta.people import (
    contact_pair,
    shared_number,
    system_message,
    user_id_update,
)
from channels.providers.partly_read import read_each
from channels.providers.reported_time import time_or
from channels.providers.user_addresses import address_of, same_person

PREFERENCE_OPTED_OUT = {"stop": True, "resume": False, "signup": False}
"""A preference for marketing messages → whether the recipient has opted out."""

STATUS_NOTHING_NEW = frozenset({"call", "payment"})
"""Types of statuses that are not about the delivery of a message."""

CALL_NOTHING_NEW = frozenset({"terminate"})

Reader = Callable[..., Iterator[InboundEvent]]
"""Reads one entry of a list in the value; keywords: account_id, received_at."""


def events_of(
    value: dict[str, Any],
    *,
    field: object,
    account_id: str,
    received_at: datetime,
    read_status: Reader,
    quoted_keys: tuple[str, ...] = ("id",),
) -> Iterator[InboundEvent | None]:
    """The events of a value, with a None for each malformed part.

    `quoted_keys`: where a message's context names the quoted message, the preferred key first.
    """
    if field in NOT_READ:
        return
    # Before the events of these people, so that their opt-outs find all their addresses.
    contact = partial(contact_pair, account_id=account_id, at=received_at)
    yield from read_each(contact, value.get("contacts") or [])
    readers: Mapping[str, Reader] = {
        "statuses": partial(_status, read=read_status),
        "user_preferences": _preference,
        "messages": partial(_message, writer=_only_contact(value), quoted_keys=quoted_keys),
        "calls": _call,
        "errors": _error,
        "user_id_update": user_id_update,
    }
    for key, read in readers.items():
        if value.get(key) is not None:
            reader = partial(read, account_id=account_id, received_at=received_at)
            yield from read_each(reader, value[key])
    if not (readers.keys() | {"contacts"}) & value.keys():
        yield NotUnderstood(Part.CALL, str(field or "no field"), received_at)
        return
    for key in value.keys() - readers.keys() - {"contacts"}:
        if isinstance(value[key], list):  # perhaps of messages
            yield NotUnderstood(Part.CALL, str(key), received_at)


def _status(
    status: dict[str, Any], *, account_id: str, received_at: datetime, read: Reader
) -> Iterator[InboundEvent]:
    """The events of a status of a message; a status of a call or a payment is passed over."""
    kind = str(status.get("type") or "message").lower()
    if kind == "message":
        yield from read(status, account_id=account_id, received_at=received_at)
    elif kind not in STATUS_NOTHING_NEW:
        at = time_or(received_at, status.get("timestamp"))
        yield NotUnderstood(Part.STATUS, f"{kind} {status.get('status')}", at)


def pair_of_status(
    status: dict[str, Any], *, account_id: str, at: datetime
) -> Iterator[InboundEvent]:
    """The recipient's addresses, if a status names two. In a group, `recipient_id` is no person."""
    if status.get("recipient_type") != "group":
        user_ids = (status.get("recipient_user_id"), status.get("recipient_parent_user_id"))
        yield from same_person(status.get("recipient_id"), *user_ids, account_id=account_id, at=at)


def _preference(
    preference: dict[str, Any], *, account_id: str, received_at: datetime
) -> Iterator[InboundEvent]:
    """An opt-out or opt-in of marketing messages, the only category that we know."""
    at = time_or(received_at, preference.get("timestamp"))
    category, value = preference.get("category"), str(preference["value"]).lower()
    if category != "marketing_messages" or value not in PREFERENCE_OPTED_OUT:
        yield NotUnderstood(Part.PREFERENCE, f"{category} {value}", at)
        return
    number, user_id = preference.get("wa_id"), preference.get("user_id")
    parent = preference.get("parent_user_id")
    yield from same_person(number, user_id, parent, account_id=account_id, at=at)
    yield OptChange(
        account_id=account_id,
        address=_required(address_of(number, user_id)),
        opted_out=PREFERENCE_OPTED_OUT[value],
        marketing_only=True,
        at=at,
        reason=f"whatsapp_{value}",
    )


def _only_contact(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The call's only contact, who wrote its messages; {} if there are several or none."""
    match value.get("contacts"):
        case [dict() as contact]:
            return contact
    return {}


def _message(
    message: dict[str, Any],
    *,
    account_id: str,
    received_at: datetime,
    writer: Mapping[str, Any],
    quoted_keys: tuple[str, ...],
) -> Iterator[InboundEvent]:
    if type_of(message) == "system":
        yield from system_message(message, account_id=account_id, received_at=received_at)
        return
    content = content_of(message)
    at = time_or(received_at, message.get("timestamp"))
    number, user_id = message.get("from"), message.get("from_user_id")
    if not (number or user_id):
        number, user_id = writer.get("wa_id"), writer.get("user_id")
    context = object_in(message.get("context"))
    quoted = next((context[key] for key in quoted_keys if context.get(key)), "")
    contact = writer if _is_writer(writer, number=number, user_id=user_id) else {}
    known_number = number or shared_number(message) or contact.get("wa_id")
    user_ids = (user_id or contact.get("user_id"), message.get("from_parent_user_id"))
    yield from same_person(known_number, *user_ids, account_id=account_id, at=at)
    yield Reply(
        account_id=account_id,
        address=_required(address_of(number, user_id)),
        provider_message_id=_required(str(message["id"])),
        text=content.text,
        at=at,
        payload=content.payload,
        in_reply_to=content.answers or str(quoted),
        kind=content.kind,
        group_id=str(message.get("group_id") or ""),
    )
    if content.kind is ReplyKind.UNKNOWN:
        yield NotUnderstood(Part.MESSAGE, content.unknown_type or type_of(message), at)


def _is_writer(contact: Mapping[str, Any], *, number: object, user_id: object) -> bool:
    """Whether no address of the contact contradicts those of the message."""
    pairs = ((number, contact.get("wa_id")), (user_id, contact.get("user_id")))
    return all(address_of(own) == address_of(given) for own, given in pairs if own and given)


def _call(
    call: dict[str, Any], *, account_id: str, received_at: datetime
) -> Iterator[InboundEvent]:
    """A user's call to the business, which opens the window as a message does."""
    at, event = time_or(received_at, call.get("timestamp")), call.get("event")
    if event != "connect":
        if event not in CALL_NOTHING_NEW:
            yield NotUnderstood(Part.STATUS, f"call {event}", at)
        return
    if call.get("direction") == "BUSINESS_INITIATED":
        return
    number, user_id = call.get("from"), call.get("from_user_id")
    parent = call.get("from_parent_user_id")
    yield from same_person(number, user_id, parent, account_id=account_id, at=at)
    yield Reply(
        account_id=account_id,
        address=_required(address_of(number, user_id)),
        provider_message_id=_required(str(call["id"])),
        text="",
        at=at,
        kind=ReplyKind.CALL,
    )


def _error(
    error: dict[str, Any], *, account_id: str, received_at: datetime
) -> Iterator[InboundEvent]:
    """An error that belongs to no message."""
    yield NotUnderstood(Part.ERROR, str(error.get("code", "")), received_at)


def _required(text: str) -> str:
    """Raises ValueError if the text is empty."""
    if not text:
        raise ValueError("A message without an id or a writer.")
    return text
