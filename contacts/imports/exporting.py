"""Contacts, and rows that were refused, as CSV: row by row, safe to open in a spreadsheet."""

import csv
import json
from collections.abc import Iterator

from django.db.models import QuerySet

from contacts.models import Contact, ContactImport

FIELDS = (
    "external_id",
    "phone",
    "first_name",
    "last_name",
    "email",
    "telegram_chat_id",
    "time_zone",
    "do_not_contact",
)
"""Columns that an import takes back as they are; tags and attributes follow."""
ROWS_AT_A_TIME = 1000
"""Held in memory while a server-side cursor reads on."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class Echo:
    """A file whose write gives the line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(contacts: QuerySet[Contact]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow((*FIELDS, "tags", "attributes"))
    for contact in contacts.iterator(chunk_size=ROWS_AT_A_TIME):
        tags = ",".join(tag.name for tag in contact.tags.all())
        attributes = json.dumps(contact.attributes, ensure_ascii=False)
        values = [safe(getattr(contact, name)) for name in FIELDS]
        yield writer.writerow([*values, safe(tags), attributes if contact.attributes else ""])


def error_lines(job: ContactImport) -> Iterator[str]:
    """What could not be imported: line, field and reason, then the row as it was given."""
    writer = csv.writer(Echo())
    errors = job.errors.order_by("line", "id")
    first = errors.first()
    columns = list(first.row) if first else []
    yield writer.writerow(("line", "field", "reason", *map(safe, columns)))
    for error in errors.iterator(chunk_size=ROWS_AT_A_TIME):
        row = [safe(error.row.get(column)) for column in columns]
        yield writer.writerow((error.line, safe(error.field), safe(error.reason), *row))


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula; numbers and phones stay as they are."""
    text = "" if value is None else str(value)
    if text.startswith(FORMULA_STARTS) and not text[1:].isdecimal():
        return f"'{text}"
    return text
