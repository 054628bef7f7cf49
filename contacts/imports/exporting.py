"""Streams contacts, and refused rows of an import, as CSV that is safe in spreadsheets."""

import csv
import json
from collections.abc import Iterator

from django.db.models import QuerySet

from api.streamed_csv import Echo
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
"""Columns of an export, before tags and attributes; an import reads all of them."""
ROWS_AT_A_TIME = 1000
"""Rows in memory: a server-side cursor fetches this many at a time."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(contacts: QuerySet[Contact]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow((*FIELDS, "tags", "attributes"))
    for contact in contacts.iterator(chunk_size=ROWS_AT_A_TIME):
        tags = ",".join(tag.name for tag in contact.tags.all())
        attributes = json.dumps(contact.attributes, ensure_ascii=False)
        values = [without_formula(getattr(contact, name)) for name in FIELDS]
        yield writer.writerow(
            [*values, without_formula(tags), attributes if contact.attributes else ""]
        )


def error_lines(job: ContactImport) -> Iterator[str]:
    """Refused rows as CSV: line, field and reason, then the values of the row."""
    writer = csv.writer(Echo())
    errors = job.errors.order_by("line", "id")
    first = errors.first()
    columns = list(first.row) if first else []
    yield writer.writerow(("line", "field", "reason", *map(without_formula, columns)))
    for error in errors.iterator(chunk_size=ROWS_AT_A_TIME):
        row = [without_formula(error.row.get(column)) for column in columns]
        yield writer.writerow(
            (error.line, without_formula(error.field), without_formula(error.reason), *row)
        )


def without_formula(value: object) -> str:
    """A cell that no spreadsheet runs as a formula; numbers and phones stay unchanged."""
    text = "" if value is None else str(value)
    if text.startswith(FORMULA_STARTS) and not text[1:].isdecimal():
        return f"'{text}"
    return text
