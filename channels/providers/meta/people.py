"""Which addresses does one WhatsApp user have? Reads numbers and user ids from Meta's calls.

A user with a username may have no number in a call, only a user id of the business's own, such as
US.13491208655302741918. Calls that carry both connect them.
Source: developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
and …/webhooks/reference/messages/system.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from channels.platforms import Platform
from channels.port.events import AddressMoved, InboundEvent, NotUnderstood, Part, SamePerson
from channels.providers.reported_time import time_or

SYSTEM_TYPES = frozenset(
    {
        "user_changed_number",
        "customer_changed_number",
        "user_changed_user_id",
        "user_identity_changed",
        "customer_identity_changed",
    }
)
"""Types of system messages that may carry a new address."""


def address_of(number: object, user_id: object = None) -> str:
    """The number in E.164 if there is one, else the user id, else ''."""
    for value in (number, user_id):
        text = value if isinstance(value, str) else ""
        digits = text.removeprefix("+")
        if digits.isascii() and digits.isdecimal():
            return f"+{digits}"
        if text:
            return text
    return ""


def same_person(
    number: object,
    *user_ids: object,
    account_id: str,
    at: datetime,
    platform: Platform | None = None,
) -> Iterator[SamePerson]:
    """An event if the call names two addresses: a number, a user id, the parent's user id."""
    given = (address_of(number), *(address_of(user_id) for user_id in user_ids))
    addresses = tuple(dict.fromkeys(address for address in given if address))
    if len(addresses) > 1:
        yield SamePerson(account_id=account_id, addresses=addresses, at=at, platform=platform)


def contact_pair(
    contact: Mapping[str, Any], *, account_id: str, at: datetime
) -> Iterator[SamePerson]:
    """The addresses in one entry of a call's `contacts`, which has no time."""
    user_ids = (contact.get("user_id"), contact.get("parent_user_id"))
    yield from same_person(contact.get("wa_id"), *user_ids, account_id=account_id, at=at)


def shared_number(message: Mapping[str, Any]) -> str:
    """The user's own number, if the message answers our request for it; else ''."""
    match message:
        case {"origin": "contact_request", "contacts": [{"phones": [{"phone": str(phone)}, *_]}]}:
            return "".join(filter(str.isdecimal, phone))
    return ""


def system_message(
    message: Mapping[str, Any], *, account_id: str, received_at: datetime
) -> Iterator[InboundEvent]:
    """A changed number or user id. A system message carries no words of the user."""
    system = message["system"]
    at = time_or(received_at, message.get("timestamp"))
    if system.get("type") not in SYSTEM_TYPES:
        yield NotUnderstood(Part.MESSAGE, f"system {system.get('type')}", at)
        return
    new_number = address_of(system.get("wa_id") or system.get("new_wa_id"))
    moves = (
        (address_of(message.get("from") or system.get("customer")), new_number),
        (
            address_of(system.get("previous_user_id") or message.get("from_user_id")),
            address_of(system.get("user_id")),
        ),
        (
            address_of(system.get("previous_parent_user_id")),
            address_of(system.get("parent_user_id")),
        ),
    )
    for old, new in moves:
        if old and new and old != new:
            yield AddressMoved(account_id=account_id, old=old, new=new, at=at)
    user_ids = (system.get("user_id"), system.get("parent_user_id"))
    yield from same_person(new_number, *user_ids, account_id=account_id, at=at)


def user_id_update(
    update: Mapping[str, Any], *, account_id: str, received_at: datetime
) -> Iterator[InboundEvent]:
    """A new user id, from an account whose calls have the field `user_id_update`."""
    at, ids = time_or(received_at, update.get("timestamp")), update["user_id"]
    old, new = address_of(ids.get("previous")), address_of(ids.get("current"))
    if old and new and old != new:
        yield AddressMoved(account_id=account_id, old=old, new=new, at=at)
    yield from same_person(update.get("wa_id"), ids.get("current"), account_id=account_id, at=at)
