"""Which addresses belong to the person who has this one?

Those that a provider's call named together, and those of one contact.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Q

from contacts.models import AddressPair, Contact
from contacts.spellings import spellings_of

STEPS = 3
"""From one address over pairs to others: user id, number, the parent's user id."""


def addresses_of(*, tenant_id: UUID, address: str) -> tuple[str, ...]:
    """The address, then every other one that a call or a contact names together with it.

    All spellings of each number are among them.
    """
    return addresses_of_each(tenant_id=tenant_id, addresses=(address,))[address]


def addresses_of_each(*, tenant_id: UUID, addresses: Collection[str]) -> dict[str, tuple[str, ...]]:
    """`addresses_of` for many addresses, with a constant number of statements."""
    people = {address: dict.fromkeys(spellings_of(address)) for address in addresses}
    asked: set[str] = set()
    for _ in range(STEPS):
        wanted = {known for person in people.values() for known in person} - asked
        if not wanted:
            break
        asked |= wanted
        others = _pairs(tenant_id, wanted)
        for person in people.values() if others else ():
            for known in tuple(person):
                person.update(dict.fromkeys(_spelled(others.get(known, ()))))
    return {address: tuple(person) for address, person in people.items()}


def contact_of(*, tenant_id: UUID, address: str) -> Contact | None:
    """The contact with this number or user id, else with another address of the same person."""
    addresses = addresses_of(tenant_id=tenant_id, address=address)
    contacts = Contact.objects.filter(
        Q(phone__in=addresses) | Q(whatsapp_user_id__in=addresses), tenant_id=tenant_id
    )
    place = {known: number for number, known in enumerate(addresses)}

    def nearest(contact: Contact) -> int:
        own = (contact.phone, contact.whatsapp_user_id)
        return min(place[known] for known in own if known in place)

    return min(contacts, key=nearest, default=None)


def _pairs(tenant_id: UUID, addresses: Collection[str]) -> dict[str, list[str]]:
    others: dict[str, list[str]] = {}
    pairs = AddressPair.objects.filter(tenant_id=tenant_id, address__in=addresses)
    for address, other in pairs.order_by("other").values_list("address", "other"):
        others.setdefault(address, []).append(other)
    contacts = Contact.objects.filter(
        Q(phone__in=addresses) | Q(whatsapp_user_id__in=addresses),
        tenant_id=tenant_id,
        phone__isnull=False,
        whatsapp_user_id__isnull=False,
    )
    for phone, user_id in contacts.order_by("id").values_list("phone", "whatsapp_user_id"):
        if phone and user_id:
            others.setdefault(phone, []).append(user_id)
            others.setdefault(user_id, []).append(phone)
    return others


def _spelled(addresses: Iterable[str]) -> Iterable[str]:
    return (spelling for address in addresses for spelling in spellings_of(address))
