"""What every CSV download shares: a byte order mark, safe cells, and rows that are streamed."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel reads UTF-8 as the code page of the computer and shows other letters."""
FORMULA_STARTS = (
    *("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"),
    *("\ufe66", "\ufe62", "\ufe63", "\ufe6b"),
)
"""Also in full width and small: Excel takes these for the same in East Asian languages."""

_STARTS = "".join(map(re.escape, FORMULA_STARTS))
# Where Excel uses semicolons, it also begins a cell after a semicolon, tab or line break inside a
# value: quotes of a file with commas do not protect there.
# Blanks, quotes and invisible characters before a formula are no protection either.
_BEGIN = (
    r"(^|[;\t\r\n])"
    r"((?:[^\S\t\r\n]|[\"\x00-\x08\x0e-\x1f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff])*)"
)
_FORMULA = re.compile(rf"{_BEGIN}(?='*[{_STARTS}])(?![+-]?\d+(?:[.,]\d+)?(?:$|[;\t\r\n]))")
_MARKED = re.compile(rf"{_BEGIN}'(?='*[{_STARTS}])")
CONTROLS = ("\t", "\r", "\n")


def csv_response(rows: Iterable[Sequence[object]], *, file_name: str) -> StreamingHttpResponse:
    """The rows as a file, the columns' names first."""
    return StreamingHttpResponse(
        csv_lines(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The rows as lines of CSV; no spreadsheet runs one of their cells as a formula."""
    writer = csv.writer(_Echo())
    mark = BYTE_ORDER_MARK
    for row in rows:
        yield mark + writer.writerow([without_formula(value) for value in row])
        mark = ""


def without_formula(value: object) -> str:
    """A cell with an apostrophe before what may be a formula; numbers and phones stay unchanged."""
    text = "" if value is None else str(value)
    marked = _FORMULA.sub(r"\1\2'", text)
    return f"'{marked}" if marked.startswith(CONTROLS) else marked


def with_formula(cell: str) -> str:
    """The value of which `without_formula` made this cell."""
    return _MARKED.sub(r"\1\2", cell) if "'" in cell else cell


class _Echo:
    """A file whose `write` returns its text, so that the rows of a csv.writer can be streamed."""

    def write(self, text: str) -> str:
        return text
