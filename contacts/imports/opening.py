"""Opens an import's file: converts a spreadsheet, finds the encoding, and gives the rows."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from django.db.models.functions import Now

from contacts.imports import uploads
from contacts.imports.columns import name_of
from contacts.imports.csv_reading import HEADINGS_WITHIN, Row, head_of, rows
from contacts.imports.encodings import codec_of, encoding_of
from contacts.imports.known_exports import is_heading
from contacts.imports.refusals import FileUnreadable
from contacts.imports.rows import Layout, Line, layout_of
from contacts.imports.spreadsheets import converted, is_spreadsheet
from contacts.models import ContactImport

MAX_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file whose columns are understood and whose rows are counted."""

    job: ContactImport
    stored: uploads.StoredFile
    layout: Layout
    rows: int

    def lines(self, *, after: int) -> Iterator[Line]:
        """The rows after the first `after` ones. Raises FileUnreadable."""
        lines = _lines(self.job, self.stored)
        next(lines)
        return islice(lines, after, None)


def open_file(job: ContactImport) -> OpenedFile:
    """Reads the whole file once, so that a file is refused before its first row is imported.

    Safe to repeat: what is found out is stored with the import. Raises FileUnreadable.
    """
    _mark_work(job)
    stored = _converted(job)
    if not job.encoding:
        country = job.default_country or job.tenant.default_country
        job.encoding = encoding_of(stored.pieces(), country=country)
        job.save(update_fields=("encoding",))
    lines = _lines(job, stored)
    head = next(lines, None)
    layout = layout_of(head.cells if head else (), job.mapping)
    count = 0
    for count, _ in enumerate(lines, start=1):
        if count > MAX_ROWS:
            raise FileUnreadable(f"At most {MAX_ROWS:,} rows: split the file.")
    return OpenedFile(job, stored, layout, count)


def _mark_work(job: ContactImport) -> None:
    ContactImport.objects.filter(pk=job.pk).update(worked_at=Now())


def _converted(job: ContactImport) -> uploads.StoredFile:
    """The import's file; a spreadsheet is replaced by its rows as CSV first."""
    stored = uploads.StoredFile(job.pk)
    if job.is_converted or not is_spreadsheet(stored.from_start().read(8)):
        if job.sheet and not job.is_converted:
            raise FileUnreadable("Only a spreadsheet has sheets; this is another file.")
        return stored
    with converted(stored.from_start(), sheet=job.sheet) as rows_file:
        uploads.store_upload(job, rows_file, encoding="utf-8", is_converted=True)
    job.encoding, job.is_converted = "utf-8", True
    return uploads.StoredFile(job.pk)


def _lines(job: ContactImport, stored: uploads.StoredFile) -> Iterator[Line]:
    """The rows from the columns' names on: a title may stand before them."""
    encoding = job.encoding
    text = io.TextIOWrapper(stored.from_start(), encoding=codec_of(encoding), newline="")
    try:
        is_column = partial(_is_column, job)
        lines = (_line(job, row) for row in rows(text, is_column=is_column))
        first = list(islice(lines, HEADINGS_WITHIN))
        yield from first[head_of([line.cells for line in first], is_column) :]
        yield from lines
    except UnicodeError as error:
        raise FileUnreadable(
            f"This file is not in {encoding}: name another encoding, or save it as CSV in UTF-8.",
            attr="encoding",
        ) from error


def _line(job: ContactImport, row: Row) -> Line:
    number, cells = row
    if not job.is_converted:
        return Line(number, cells)
    return Line(int(cells[0]), cells[1:])


def _is_column(job: ContactImport, name: str) -> bool:
    return bool(name_of(name)) or name in job.mapping or is_heading(name)
