"""Reads CSV text as spreadsheets save it: finds the delimiter, and reads line by line."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from contacts.imports.refusals import FileUnreadable

if TYPE_CHECKING:
    from _csv import Reader as CSVReader

DELIMITERS = (",", ";", "\t", "|")
"""In the order in which they are preferred if nothing else decides."""
NAMED = re.compile(r'\s*"?sep=([^"\r\n])"?[;,\t|]*\s*$', re.IGNORECASE)
"""Excel's own line before the columns: `sep=;`."""
ESCAPED_QUOTE = re.compile(r'(?<!\\)\\"(?!\s*(?:[,;|"\t\r\n]|$))')
HEADINGS_WITHIN = 10
"""Rows: before the columns' names there may be a title, a date and empty lines."""
INVISIBLE = " \t\r\n\u00a0\u200b\u2060\ufeff"
"""Around a cell: blanks, and byte order marks of files that were joined."""
SAMPLE_CHARACTERS = 64 * 1024
SAMPLE_ROWS = 50

Row = tuple[int, list[str]]
"""The number of the row's first line in an editor, for values may have line breaks; its cells."""


def rows(text: TextIO, *, is_column: Callable[[str], bool]) -> Iterator[Row]:
    """The rows that have values, with the columns' names first. Raises FileUnreadable.

    `text` must be seekable and opened with `newline=""`. `is_column` tells which names the reader
    of the file expects: the right delimiter is the one that makes them appear.
    """
    before, delimiter = _named(text)
    if not delimiter:
        delimiter = _found(_sample(text), is_column)
    lines = _Lines(text)
    return _numbered(_reader(lines, delimiter, escape=_escape(_sample(text))), before, lines)


def _reader(lines: Iterable[str], delimiter: str, *, escape: str | None) -> "CSVReader":
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, escapechar=escape)


def _escape(sample: str) -> str | None:
    """A backslash if it stands before quotes inside values, as some databases export them."""
    return "\\" if ESCAPED_QUOTE.search(sample) else None


class _Lines:
    """The lines of a text; knows whether they end inside a value whose quote is never closed."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = iter(text)
        self.is_inside_row = False

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self.is_inside_row = True
            yield line
        if self.is_inside_row:
            raise csv.Error("A quote is not closed.")


def _named(text: TextIO) -> tuple[int, str]:
    """How many lines name the delimiter, and the delimiter; the text stands after these lines."""
    begin = text.tell()
    line = text.readline(SAMPLE_CHARACTERS)
    if match := NAMED.match(line):
        return 1, match.group(1)
    text.seek(begin)
    return 0, ""


def _sample(text: TextIO) -> str:
    begin = text.tell()
    sample = text.read(SAMPLE_CHARACTERS)
    text.seek(begin)
    if len(sample) < SAMPLE_CHARACTERS:
        return sample
    return sample[: sample.rfind("\n") + 1] or sample


def _found(sample: str, is_column: Callable[[str], bool]) -> str:
    return max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter, is_column))


def _fit(sample: str, delimiter: str, is_column: Callable[[str], bool]) -> tuple[float, ...]:
    """How well a delimiter fits: whole quotes, expected columns, rows of one width, columns."""
    try:
        cut = _cut(sample, delimiter)
    except csv.Error:
        return (-1,)
    if not cut:
        return (0,)
    head = cut[head_of(cut, is_column)]
    width = len(head)
    widths = Counter(len(row) for row in cut)
    broken_quotes = sum(cell.count('"') % 2 for row in cut for cell in row)
    known = sum(is_column(name.strip()) for name in head)
    return (-broken_quotes, known, widths[width] / len(cut), width)


def head_of(cut: Sequence[Sequence[str]], is_column: Callable[[str], bool]) -> int:
    """Which of the first rows names the columns; a title before it has fewer cells with values."""
    widest = 0
    for number, row in enumerate(cut[:HEADINGS_WITHIN]):
        names = [name.strip() for name in row if name.strip()]
        if len(names) > widest and any(map(is_column, names)):
            return number
        widest = max(widest, len(names))
    return 0


def _cut(sample: str, delimiter: str) -> list[list[str]]:
    cut = []
    lines = sample.splitlines(keepends=True)
    for row in _reader(lines, delimiter, escape=_escape(sample)):
        if any(cell.strip() for cell in row):
            cut.append(row)
        if len(cut) == SAMPLE_ROWS:
            break
    return cut


def _numbered(reader: "CSVReader", before: int, lines: _Lines) -> Iterator[Row]:
    ended = 0
    try:
        for cells in reader:
            lines.is_inside_row = False
            number, ended = before + ended + 1, reader.line_num
            values = [cell.strip(INVISIBLE).strip() for cell in cells]
            if any(values):
                yield number, values
    except csv.Error as error:
        raise FileUnreadable(
            f"The row that begins in line {before + ended + 1} is not valid CSV: {error}"
        ) from error
