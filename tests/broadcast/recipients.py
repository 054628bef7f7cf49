"""Contacts as recipients: in a request's body, and in a call of the domain."""

from collections.abc import Iterable

from broadcast.planning.plan import RecipientRef
from contacts.models import Contact


def ids_of(contacts: Iterable[Contact]) -> list[str]:
    return [str(contact.pk) for contact in contacts]


def refs_of(contacts: Iterable[Contact]) -> list[RecipientRef]:
    return [RecipientRef(contact=contact.pk) for contact in contacts]
