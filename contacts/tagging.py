"""Finds or creates tags by name, and sets the tags of a contact."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from contacts.models import Contact, ContactTag, Tag
from tenants.models import Tenant

# PostgreSQL folds case, as in the unique key: Python's lower() treats some letters differently.
FIND = """
SELECT wanted.name, tag.id FROM unnest(%s::text[]) AS wanted (name)
JOIN contacts_tag AS tag ON lower(tag.name) = lower(wanted.name) AND tag.tenant_id = %s
"""


def tag_ids(*, tenant: Tenant, names: Sequence[str]) -> dict[str, UUID]:
    """The tag id of each name, found regardless of case; creates tags that do not exist yet."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    ids_by_name = _find(tenant, wanted)
    if len(ids_by_name) < len(wanted):
        missing = [Tag(tenant=tenant, name=name) for name in wanted if name not in ids_by_name]
        Tag.objects.bulk_create(missing, ignore_conflicts=True)
        ids_by_name = _find(tenant, wanted)
    return ids_by_name


def _find(tenant: Tenant, names: list[str]) -> dict[str, UUID]:
    with connection.cursor() as cursor:
        cursor.execute(FIND, [names, tenant.pk])
        return dict(cursor.fetchall())


def set_tags(*, contact: Contact, names: Sequence[str]) -> None:
    """Give the contact exactly these tags."""
    ids = set(tag_ids(tenant=contact.tenant, names=names).values())
    ContactTag.objects.filter(contact=contact).exclude(tag__in=ids).delete()
    ContactTag.objects.bulk_create(
        [ContactTag(contact=contact, tag_id=tag_id) for tag_id in ids], ignore_conflicts=True
    )
