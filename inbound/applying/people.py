"""Applies what a call tells about people: which addresses are one person's, and new addresses."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from broadcast.moves.new_addresses import readdress
from channels.port.events import AddressMoved, InboundEvent, SamePerson
from contacts.people import move_chat, move_number, move_number_of, move_user_id, remember
from contacts.user_ids import is_user_id


def take_people(*, tenant_id: UUID, events: Sequence[InboundEvent], now: datetime) -> None:
    """Keep all pairs of addresses that these events name, in a constant number of statements."""
    people = [event.addresses for event in events if isinstance(event, SamePerson)]
    if people:
        remember(tenant_id=tenant_id, people=people, now=now)


def move_address(*, tenant_id: UUID, change: AddressMoved, now: datetime) -> None:
    """Give the person's contact the new address; Telegram messages that wait go to the new chat.

    A message that waits for an old number is not sent: another country may have another price.
    """
    if change.old.startswith("+"):
        move_number(tenant_id=tenant_id, old=change.old, new=change.new, now=now)
        return
    if is_user_id(change.old) and change.new.startswith("+"):
        move_number_of(tenant_id=tenant_id, user_id=change.old, new=change.new, now=now)
        return
    if is_user_id(change.old):
        move_user_id(tenant_id=tenant_id, old=change.old, new=change.new, now=now)
        return
    contact = move_chat(tenant_id=tenant_id, old=int(change.old), new=int(change.new), now=now)
    if contact is not None:
        readdress(contact_id=contact.pk, old=change.old, new=change.new)
