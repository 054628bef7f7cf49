"""Reads CSV text as spreadsheets save it: finds the delimiter, and reads line by line."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from contacts.imports.refusals import FileUnreadable

if TYPE_CHECKING:
    from _csv import Reader as CSVReader

DELIMITERS = (",", ";", "\t", "|")
"""In the order in which they are preferred if nothing else decides."""
NAMED = re.compile(r'\s*"?sep=([^"\r\n])"?[;,\t|]*\s*$', re.IGNORECASE)
"""Excel's own line before the columns: `sep=;`."""
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
    reader = csv.reader(text, delimiter=delimiter)
    return _numbered(reader, before)


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
    width = len(cut[0])
    widths = Counter(len(row) for row in cut)
    broken_quotes = sum(cell.count('"') % 2 for row in cut for cell in row)
    known = sum(is_column(name.strip()) for name in cut[0])
    return (-broken_quotes, known, widths[width] / len(cut), width)


def _cut(sample: str, delimiter: str) -> list[list[str]]:
    cut = []
    for row in csv.reader(sample.splitlines(keepends=True), delimiter=delimiter):
        if any(cell.strip() for cell in row):
            cut.append(row)
        if len(cut) == SAMPLE_ROWS:
            break
    return cut


def _numbered(reader: "CSVReader", before: int) -> Iterator[Row]:
    ended = 0
    try:
        for cells in reader:
            number, ended = before + ended + 1, reader.line_num
            values = [cell.strip() for cell in cells]
            if any(values):
                yield number, values
    except csv.Error as error:
        raise FileUnreadable(f"Line {before + reader.line_num} is not valid CSV.") from error
