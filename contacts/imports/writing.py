"""Writes an import's contacts and tags, one statement for a block.

The ORM's bulk_create takes twice as long for a row, most of it to build its statement.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.utils import timezone
from psycopg2.extras import Json

from contacts.imports.columns import STORED
from contacts.models import Contact

ARRAYS = {"telegram_chat_id": "bigint[]", "attributes": "jsonb[]"}
"""Types of columns that hold no text."""
_NAMES = ", ".join(STORED)
WRITE = f"""
INSERT INTO contacts_contact (id, tenant_id, {_NAMES}, created_at, updated_at)
SELECT id, tenant_id, {_NAMES}, coalesce(created_at, updated_at), updated_at
FROM unnest(%(id)s::uuid[], %(tenant_id)s::uuid[],
            {", ".join(f"%({name})s::{ARRAYS.get(name, 'text[]')}" for name in STORED)},
            %(created_at)s::timestamptz[], %(updated_at)s::timestamptz[])
    AS written (id, tenant_id, {_NAMES}, created_at, updated_at)
-- In one order, so that two imports cannot deadlock.
ORDER BY id
ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at,
    {", ".join(f"{name} = excluded.{name}" for name in STORED)}
"""  # noqa: S608 - names of the table of columns
TAG = """
INSERT INTO contacts_contacttag (contact_id, tag_id)
SELECT contact_id, tag_id FROM unnest(%s::uuid[], %s::uuid[]) AS written (contact_id, tag_id)
ON CONFLICT DO NOTHING
"""


def write_contacts(contacts: Sequence[Contact]) -> None:
    """Insert new contacts, and update those that exist by their id."""
    if not contacts:
        return
    now = timezone.now()
    columns: dict[str, list[object]] = {
        "id": [contact.pk for contact in contacts],
        "tenant_id": [contact.tenant_id for contact in contacts],
        "created_at": [contact.created_at for contact in contacts],
        "updated_at": [now] * len(contacts),
    }
    for name in STORED:
        values = [getattr(contact, name) for contact in contacts]
        columns[name] = [Json(value) for value in values] if name == "attributes" else values
    with connection.cursor() as cursor:
        cursor.execute(WRITE, columns)


def write_tags(pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """Give contacts tags; those that a contact has already stay."""
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(TAG, [[pk for pk, _ in pairs], [tag for _, tag in pairs]])
