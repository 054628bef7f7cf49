"""Reads CSV files as spreadsheets save them: guesses encoding and delimiter."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.errors import InvalidInput

if TYPE_CHECKING:
    from _csv import Reader as CSVReader

MAX_ROWS = 100_000
"""The whole file is held in memory: about 100 MB in the worker."""
MAX_COLUMNS = 100
MAX_COLUMN_NAME = 100


class FileUnreadable(InvalidInput):
    """The whole file is refused."""

    code = "file_unreadable"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file. `number` is its first line in an editor: values may have line breaks."""

    number: int
    values: dict[str, str]
    has_surplus: bool
    """True if the row has more values than there are columns."""


@dataclass(frozen=True, slots=True)
class Sheet:
    columns: tuple[str, ...]
    lines: list[Line]


def read(content: bytes) -> Sheet:
    """Reads UTF-8 (with or without BOM), else Windows-1252, delimited by comma or semicolon.

    Raises FileUnreadable.
    """
    text = _decoded(content)
    head = text.split("\n", 1)[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = _columns(next(reader, []))
        lines = list(_lines(reader, columns))
    except csv.Error as error:
        raise FileUnreadable(f"Line {reader.line_num} is not valid CSV.") from error
    return Sheet(tuple(column for column in columns if column), lines)


def _decoded(content: bytes) -> str:
    if b"\x00" in content:
        raise FileUnreadable("Save the file as CSV in UTF-8; this is another format.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _columns(names: list[str]) -> list[str]:
    columns = [name.strip() for name in names]
    named = [column for column in columns if column]
    if not named:
        raise FileUnreadable("The first line must name the columns.")
    if len(columns) > MAX_COLUMNS or max(map(len, named)) > MAX_COLUMN_NAME:
        raise FileUnreadable(
            f"At most {MAX_COLUMNS} columns, with names of {MAX_COLUMN_NAME} characters at most."
        )
    twice = sorted({column for column in named if named.count(column) > 1})
    if twice:
        raise FileUnreadable(f"There are two columns {twice[0]}.")
    return columns


def _lines(reader: "CSVReader", columns: list[str]) -> Iterator[Line]:
    before = reader.line_num
    rows = 0
    for row in reader:
        number, before = before + 1, reader.line_num
        values = [value.strip() for value in row]
        if not any(values):
            continue
        rows += 1
        if rows > MAX_ROWS:
            raise FileUnreadable(f"At most {MAX_ROWS:,} rows: split the file.")
        paired = zip(columns, values, strict=False)
        named = {column: value for column, value in paired if column}
        yield Line(number, named, has_surplus=any(values[len(columns) :]))
