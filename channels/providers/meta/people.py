"""Which addresses does one WhatsApp user have? Reads numbers and user ids from Meta's calls.

A user with a username may have no number in a call, only a user id of the business's own, such as
US.13491208655302741918. Calls that carry both connect them.
Source: developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
and …/webhooks/reference/messages/system.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from channels.port.events import AddressMoved, InboundEvent, NotUnderstood, Part, SamePerson
from channels.providers.json_values import object_in
from channels.providers.reported_time import time_or
from channels.providers.user_addresses import address_of, same_person

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
    old_user_id = address_of(system.get("previous_user_id") or message.get("from_user_id"))
    old_number = address_of(message.get("from") or system.get("customer"))
    moves = (
        # Without a number, the user id tells whose number changed.
        (old_number or old_user_id or address_of(system.get("user_id")), new_number),
        (old_user_id, address_of(system.get("user_id"))),
        (
            address_of(system.get("previous_parent_user_id")),
            address_of(system.get("parent_user_id")),
        ),
    )
    for old, new in moves:
        if old and new and old != new:
            yield AddressMoved(account_id=account_id, old=old, new=new, at=at)
    user_id = system.get("user_id") or message.get("from_user_id")
    user_ids = (user_id, system.get("parent_user_id"))
    yield from same_person(new_number, *user_ids, account_id=account_id, at=at)


def user_id_update(
    update: Mapping[str, Any], *, account_id: str, received_at: datetime
) -> Iterator[InboundEvent]:
    """A new user id, from an account whose calls have the field `user_id_update`."""
    at = time_or(received_at, update.get("timestamp"))
    changes = [object_in(update.get(name)) for name in ("user_id", "parent_user_id")]
    if not any(changes):
        raise ValueError("An update without a user id.")
    for ids in changes:
        old, new = address_of(ids.get("previous")), address_of(ids.get("current"))
        if old and new and old != new:
            yield AddressMoved(account_id=account_id, old=old, new=new, at=at)
    current = (ids.get("current") for ids in changes)
    yield from same_person(update.get("wa_id"), *current, account_id=account_id, at=at)
