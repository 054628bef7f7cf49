"""All contacts as CSV, row by row, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterator

from django.db.models import QuerySet

from contacts.models import Contact

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
ROWS_AT_A_TIME = 1000
"""Held in memory while a server-side cursor reads on."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class Echo:
    """A file whose write gives the line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(contacts: QuerySet[Contact]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow((*FIELDS, "tags"))
    for contact in contacts.iterator(chunk_size=ROWS_AT_A_TIME):
        tags = ",".join(tag.name for tag in contact.tags.all())
        yield writer.writerow([safe(getattr(contact, name)) for name in FIELDS] + [safe(tags)])


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula; numbers and phones stay as they are."""
    text = "" if value is None else str(value)
    if text.startswith(FORMULA_STARTS) and not text[1:].isdecimal():
        return f"'{text}"
    return text
