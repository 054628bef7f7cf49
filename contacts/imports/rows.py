"""Parses a line of a file into values of a contact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.csv_download import with_formula
from api.errors import InvalidInput
from api.parsers import UNSTORABLE
from contacts.imports.columns import BY_NAME, KEYS, Values, name_of
from contacts.imports.known_exports import KnownExport, known_export, values_of
from contacts.imports.refusals import FileUnreadable

MAX_COLUMNS = 100
MAX_COLUMN_NAME = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file. `number` is its row in a spreadsheet, or its first line in an editor."""

    number: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """What each column of a file means, worked out once."""

    columns: tuple[str, ...]
    targets: tuple[str, ...]
    """For each column, a contact's field or an attribute's name; "" skips the column."""
    known: KnownExport | None = None

    def named(self, line: Line) -> dict[str, str]:
        """The line's cells by the names of their columns."""
        paired = zip(self.columns, line.cells, strict=False)
        return {column: UNSTORABLE.sub("", cell) for column, cell in paired if column}


def layout_of(headings: Sequence[str], mapping: Mapping[str, str]) -> Layout:
    """What the columns mean. Raises FileUnreadable."""
    columns = _checked(headings)
    for column in mapping:
        if column not in columns:
            raise FileUnreadable(
                f"The mapping names a column {column} that the file does not have."
            )
    exact = {mapping.get(column, column).strip() for column in columns}
    known = None if exact & set(KEYS) else known_export(columns)
    targets = [_target(column, mapping, exact, known) for column in columns]
    taken = [target for target in targets if target]
    twice = sorted({target for target in taken if taken.count(target) > 1})
    if twice:
        raise FileUnreadable(f"Two columns are mapped to {twice[0]}.")
    if known is None and not set(KEYS) & set(taken):
        raise FileUnreadable(
            "A column phone, external_id or whatsapp_user_id is needed; map one of yours to it."
        )
    return Layout(columns, tuple(targets), known)


def _checked(headings: Sequence[str]) -> tuple[str, ...]:
    columns = tuple(name.strip() for name in headings)
    named = [column for column in columns if column]
    if not named:
        raise FileUnreadable("The first line must name the columns.")
    if len(named) > MAX_COLUMNS or max(map(len, named)) > MAX_COLUMN_NAME:
        raise FileUnreadable(
            f"At most {MAX_COLUMNS} columns, with names of {MAX_COLUMN_NAME} characters at most."
        )
    twice = sorted({column for column in named if named.count(column) > 1})
    if twice:
        raise FileUnreadable(f"There are two columns {twice[0]}.")
    return columns


def _target(
    column: str, mapping: Mapping[str, str], exact: set[str], known: KnownExport | None
) -> str:
    if column in mapping:
        return mapping[column].strip()
    if known is not None:
        return ""
    name = name_of(column)
    return name if name and name not in exact else column


def parse(line: Line, *, layout: Layout, tags: Sequence[str], default_country: str) -> Values:
    """The values of a line. Raises InvalidInput with the field as `attr`."""
    if any(line.cells[len(layout.columns) :]):
        raise InvalidInput("There are more values than columns.")
    if UNSTORABLE.search("".join(line.cells)):
        raise InvalidInput("This row holds a character that cannot be stored.")
    values = Values(default_country, list(tags))
    for target, cell in zip(layout.targets, line.cells, strict=False):
        if target and cell:
            _read(values, target, cell)
    if layout.known is not None:
        _read_known(values, layout, line)
    if not any(key in values.fields for key in KEYS):
        raise InvalidInput("A phone, an external id or a user id is needed.", attr="phone")
    return values


def _read(values: Values, target: str, cell: str) -> None:
    column = BY_NAME.get(target)
    if column is None:
        values.attributes[target] = with_formula(cell)
    else:
        column.read(values, target, with_formula(cell))


def _read_known(values: Values, layout: Layout, line: Line) -> None:
    """Each field takes its first value that can be read; a second number may be a better one."""
    if layout.known is None:
        return
    for name, candidates in values_of(layout.known, layout.named(line)).items():
        if name == "tags":
            for tag in candidates:
                _read(values, "tags", tag.replace(",", " "))
        elif name not in values.fields and candidates:
            _read_first(values, name, candidates)


def _read_first(values: Values, name: str, candidates: Sequence[str]) -> None:
    refusal: InvalidInput | None = None
    for candidate in candidates:
        try:
            _read(values, name, candidate)
        except InvalidInput as error:
            refusal = refusal or error
        else:
            return
    if refusal is not None and name == "phone":
        raise refusal
