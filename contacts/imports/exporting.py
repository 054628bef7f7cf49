"""The rows of downloads: contacts, and the refused rows of an import."""

import json
from collections.abc import Iterator, Sequence

from django.db.models import QuerySet

from contacts.imports.columns import EXPORTED
from contacts.models import Contact, ContactImport

ROWS_AT_A_TIME = 1000
"""Rows in memory: a server-side cursor fetches this many at a time."""


def contact_rows(contacts: QuerySet[Contact]) -> Iterator[Sequence[object]]:
    """Contacts with the columns that an import reads."""
    yield EXPORTED
    for contact in contacts.iterator(chunk_size=ROWS_AT_A_TIME):
        yield [_value(contact, name) for name in EXPORTED]


def _value(contact: Contact, name: str) -> object:
    if name == "tags":
        return ",".join(tag.name for tag in contact.tags.all())
    if name == "attributes":
        return json.dumps(contact.attributes, ensure_ascii=False) if contact.attributes else ""
    return getattr(contact, name)


def error_rows(job: ContactImport) -> Iterator[Sequence[object]]:
    """Refused rows: line, field and reason, then the values of the row."""
    errors = job.errors.order_by("line", "id")
    first = errors.first()
    columns = list(first.row) if first else []
    yield ("line", "field", "reason", *columns)
    for error in errors.iterator(chunk_size=ROWS_AT_A_TIME):
        values = (error.row.get(column) for column in columns)
        yield (error.line, error.field, error.reason, *values)
