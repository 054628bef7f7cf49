"""Keeps people together: addresses that a provider names together, and addresses that change."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import permutations, product
from uuid import UUID

from django.db import connection

from channels.platforms import Platform
from contacts.known_addresses import addresses_of, addresses_of_each, contact_of
from contacts.models import AddressPair, Contact, Suppression
from contacts.phones import is_e164
from contacts.spellings import spellings_of
from contacts.user_ids import country_of_contact, is_parent_id, is_user_id

SHARE = """
INSERT INTO contacts_suppression (id, tenant_id, platform, address, scope, source, reason,
                                  event_id, created_at)
SELECT DISTINCT ON (a.other, s.platform, s.scope)
       uuidv7(), s.tenant_id, s.platform, a.other, s.scope, s.source, s.reason, s.event_id,
       s.created_at
FROM unnest(%(addresses)s::text[], %(others)s::text[]) AS a (address, other)
JOIN contacts_suppression s ON s.tenant_id = %(tenant)s AND s.address = a.address
                           AND s.platform = ANY(%(platforms)s::text[])
-- Who opted back in since stays opted in, unless a user entered the opt-out.
WHERE s.source NOT IN ('RECIPIENT', 'PROVIDER') OR NOT EXISTS (
    SELECT FROM contacts_optin i
    WHERE i.tenant_id = s.tenant_id AND i.address IN (a.address, a.other)
      AND i.platform = s.platform AND i.at > s.created_at)
-- In one order, so that two such statements cannot deadlock.
ORDER BY a.other, s.platform, s.scope, s.created_at DESC
ON CONFLICT (tenant_id, address, platform, scope) DO NOTHING
"""

GIVE_USER_IDS = """
WITH given AS (
    SELECT DISTINCT ON (p.user_id) c.id, p.user_id
    FROM unnest(%(phones)s::text[], %(user_ids)s::text[]) WITH ORDINALITY AS p (phone, user_id, n)
    JOIN contacts_contact c ON c.tenant_id = %(tenant)s AND c.phone = p.phone
    WHERE NOT EXISTS (SELECT FROM contacts_contact o
                      WHERE o.tenant_id = %(tenant)s AND o.whatsapp_user_id = p.user_id)
    ORDER BY p.user_id, p.n
), newest AS (
    SELECT DISTINCT ON (id) id, user_id FROM given ORDER BY id, user_id
), locked AS (
    -- In one order, so that two such statements cannot deadlock.
    SELECT c.id FROM contacts_contact c JOIN newest n ON n.id = c.id
    ORDER BY c.id FOR NO KEY UPDATE OF c
)
UPDATE contacts_contact c SET whatsapp_user_id = n.user_id, updated_at = %(now)s
FROM newest n JOIN locked l ON l.id = n.id WHERE c.id = n.id
"""


def remember(*, tenant_id: UUID, people: Iterable[Sequence[str]], now: datetime) -> int:
    """Keep that the addresses of each group belong to one person; returns how many pairs are new.

    Opt-outs of one address hold for the others from now on, and the contact who has the number gets
    the user id. The number of statements does not depend on the number of groups: one if all pairs
    are known already, which is the rule.
    """
    pairs = {pair for group in people for pair in permutations(group, 2) if _is_pair(*pair)}
    new = sorted(pairs - _known(tenant_id, pairs))
    if not new:
        return 0
    AddressPair.objects.bulk_create(
        (
            AddressPair(tenant_id=tenant_id, address=address, other=other, seen_at=now)
            for address, other in new
        ),
        ignore_conflicts=True,
    )
    _give_user_ids(tenant_id, new, now)
    _share_opt_outs(tenant_id, {address for address, _ in new})
    return len(new)


def move_number(*, tenant_id: UUID, old: str, new: str, now: datetime) -> Contact | None:
    """A person has another number: it becomes the contact's, and opt-outs hold for it, too.

    If another contact has the new number, the old one loses its number, which may be given to a
    stranger. Opt-outs of the old number stay. The person's user ids belong to the new number, too.
    Safe to repeat. Returns the contact that was changed.
    """
    if not is_e164(new) or not is_e164(old) or new in spellings_of(old):
        return None
    pairs = tuple(product(spellings_of(old), spellings_of(new)))
    _share(tenant_id, pairs, platforms=("", *Platform.values))
    newest = _newest_user_id(tenant_id, new)
    known = addresses_of(tenant_id=tenant_id, address=old)
    remember(tenant_id=tenant_id, people=[(new, each) for each in known], now=now)
    contacts = Contact.objects.select_for_update().filter(tenant_id=tenant_id)
    contact = contacts.filter(phone__in=spellings_of(old)).order_by("id").first()
    if contact is None:
        return None
    taken = contacts.filter(phone__in=spellings_of(new)).exclude(pk=contact.pk).exists()
    contact.phone = None if taken else new
    if newest and not contacts.filter(whatsapp_user_id=newest).exists():
        contact.whatsapp_user_id = newest
    contact.country = country_of_contact(contact)
    contact.save(update_fields=("phone", "whatsapp_user_id", "country", "updated_at"))
    return contact


def move_number_of(*, tenant_id: UUID, user_id: str, new: str, now: datetime) -> Contact | None:
    """As move_number, for a call that names the person by the user id, not by the old number."""
    contact = contact_of(tenant_id=tenant_id, address=user_id)
    if contact is None or not contact.phone:
        return None
    return move_number(tenant_id=tenant_id, old=contact.phone, new=new, now=now)


def _newest_user_id(tenant_id: UUID, phone: str) -> str:
    """The user id that was named last together with the number; '' if there is none."""
    pairs = AddressPair.objects.filter(tenant_id=tenant_id, address__in=spellings_of(phone))
    user_ids = pairs.order_by("-seen_at", "other").values_list("other", flat=True)
    return next((user_id for user_id in user_ids if not is_parent_id(user_id)), "")


def move_chat(*, tenant_id: UUID, old: int, new: int, now: datetime) -> Contact | None:
    """A Telegram chat has another id: the contact moves to it, and its opt-outs with it.

    Safe to repeat. Returns the contact that was changed.
    """
    _share(tenant_id, ((str(old), str(new)),), platforms=("", Platform.TELEGRAM))
    contacts = Contact.objects.select_for_update().filter(tenant_id=tenant_id)
    contact = contacts.filter(telegram_chat_id=old).order_by("id").first()
    if contact is None:
        return None
    taken = contacts.filter(telegram_chat_id=new).exclude(pk=contact.pk).exists()
    contact.telegram_chat_id = None if taken else new
    contact.save(update_fields=("telegram_chat_id", "updated_at"))
    return contact


def move_user_id(*, tenant_id: UUID, old: str, new: str, now: datetime) -> Contact | None:
    """A WhatsApp user has another user id: it becomes the contact's, and opt-outs hold for it, too.

    Safe to repeat. Returns the contact that was changed.
    """
    remember(tenant_id=tenant_id, people=((old, new),), now=now)
    contacts = Contact.objects.select_for_update().filter(tenant_id=tenant_id)
    contact = contacts.filter(whatsapp_user_id=old).order_by("id").first()
    if contact is None:
        return None
    taken = contacts.filter(whatsapp_user_id=new).exclude(pk=contact.pk).exists()
    contact.whatsapp_user_id = None if taken else new
    contact.country = country_of_contact(contact)
    contact.save(update_fields=("whatsapp_user_id", "country", "updated_at"))
    return contact


def _is_pair(address: str, other: str) -> bool:
    """Whether one is a user id, and the other a user id or a number."""
    if is_user_id(address):
        return address != other and (is_e164(other) or is_user_id(other))
    return is_e164(address) and is_user_id(other)


def _known(tenant_id: UUID, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the pairs that are stored, found by their user ids."""
    if not pairs:
        return set()
    user_ids = {address for address, _ in pairs if is_user_id(address)}
    rows = AddressPair.objects.filter(tenant_id=tenant_id, address__in=user_ids)
    stored = set(rows.values_list("address", "other"))
    return stored | {(other, address) for address, other in stored}


def _give_user_ids(tenant_id: UUID, new: Iterable[tuple[str, str]], now: datetime) -> None:
    """The newest user id counts: WhatsApp makes a new one when a number changes hands."""
    given = [
        (spelling, user_id)
        for phone, user_id in new
        if is_e164(phone) and not is_parent_id(user_id)
        for spelling in spellings_of(phone)
    ]
    if not given:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            GIVE_USER_IDS,
            {
                "tenant": tenant_id,
                "phones": [phone for phone, _ in given],
                "user_ids": [user_id for _, user_id in given],
                "now": now,
            },
        )


def _share_opt_outs(tenant_id: UUID, addresses: Collection[str]) -> None:
    people = addresses_of_each(tenant_id=tenant_id, addresses=addresses)
    everyone = {address for person in people.values() for address in person}
    opted_out = set(
        Suppression.objects.filter(tenant_id=tenant_id, address__in=everyone).values_list(
            "address", flat=True
        )
    )
    pairs = {
        (address, other)
        for person in people.values()
        for address in opted_out.intersection(person)
        for other in person
        if other != address
    }
    _share(tenant_id, pairs, platforms=("", Platform.WHATSAPP))


def _share(
    tenant_id: UUID, pairs: Collection[tuple[str, str]], *, platforms: Sequence[str]
) -> None:
    """Copy the suppressions of each pair's first address to its second."""
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            SHARE,
            {
                "tenant": tenant_id,
                "addresses": [address for address, _ in pairs],
                "others": [other for _, other in pairs],
                "platforms": list(platforms),
            },
        )
