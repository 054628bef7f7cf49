"""Parses a line of a CSV file into values of a contact."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from api.errors import InvalidInput
from api.parsers import MAX_NUMBER, UNSTORABLE
from contacts.attributes import check_attributes, exact
from contacts.imports.csv_reading import FileUnreadable, Line
from contacts.phones import to_e164

TEXTS = {"first_name": 200, "last_name": 200, "external_id": 200}
"""Fields that are imported unchanged, and their maximum lengths."""
MAX_EMAIL = 254
MAX_TAG = 100
MAX_DIGITS = 16
"""Digits of the largest number that JSON clients do not round."""
YES = frozenset({"1", "true", "yes", "y", "x"})
NO = frozenset({"0", "false", "no", "n"})


@dataclass(slots=True)
class Row:
    """The values of a line. An empty value leaves the contact's field unchanged."""

    line: Line
    tags: list[str]
    fields: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    do_not_contact: bool = False


def targets_of(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Maps each column to a contact's field, or to an attribute's name; "" skips the column.

    Raises FileUnreadable.
    """
    for column in mapping:
        if column not in columns:
            raise FileUnreadable(
                f"The mapping names a column {column} that the file does not have."
            )
    targets = {column: mapping.get(column, column).strip() for column in columns}
    taken = [target for target in targets.values() if target]
    twice = sorted({target for target in taken if taken.count(target) > 1})
    if twice:
        raise FileUnreadable(f"Two columns are mapped to {twice[0]}.")
    if not {"phone", "external_id"} & set(taken):
        raise FileUnreadable("A column phone or external_id is needed; map one of yours to it.")
    return targets


def parse(
    line: Line, *, targets: Mapping[str, str], tags: Sequence[str], default_country: str
) -> Row:
    """The row of a line. Raises InvalidInput with the field as `attr`."""
    if line.has_surplus:
        raise InvalidInput("There are more values than columns.")
    row = Row(line, list(tags))
    for column, value in line.values.items():
        target = targets[column]
        if not value or not target:
            continue
        if target == "phone":
            row.fields["phone"] = to_e164(value, default_country=default_country)
        else:
            SETTERS.get(target, _attribute)(row, target, value)
    if not row.fields.keys() & {"phone", "external_id"}:
        raise InvalidInput("A phone or an external id is needed.", attr="phone")
    return row


def _text(row: Row, name: str, value: str) -> None:
    if len(value) > TEXTS[name]:
        raise InvalidInput(f"At most {TEXTS[name]} characters.", attr=name)
    row.fields[name] = value


def _email(row: Row, name: str, value: str) -> None:
    try:
        validate_email(value)
    except ValidationError as error:
        raise InvalidInput("This is no e-mail address.", attr=name) from error
    if len(value) > MAX_EMAIL:
        raise InvalidInput(f"At most {MAX_EMAIL} characters.", attr=name)
    row.fields[name] = value


def _time_zone(row: Row, name: str, value: str) -> None:
    if value not in _time_zones():
        raise InvalidInput("An IANA name such as Europe/Berlin.", attr=name)
    row.fields[name] = value


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    """Cached once per process, because it reads a directory."""
    return frozenset(available_timezones())


def _chat(row: Row, name: str, value: str) -> None:
    digits = value.removeprefix("-")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS
    if not is_number or int(digits) > MAX_NUMBER:
        raise InvalidInput("A whole number such as 4242424242.", attr=name)
    row.fields[name] = int(value)


def _tags(row: Row, name: str, value: str) -> None:
    tags = [tag.strip() for tag in value.split(",") if tag.strip()]
    if any(len(tag) > MAX_TAG for tag in tags):
        raise InvalidInput(f"A tag has {MAX_TAG} characters at most.", attr=name)
    row.tags += tags


def _do_not_contact(row: Row, name: str, value: str) -> None:
    word = value.lower()
    if word not in YES | NO:
        raise InvalidInput("Yes or no.", attr=name)
    row.do_not_contact = word in YES


def _attributes(row: Row, name: str, value: str) -> None:
    """A JSON object, as the export writes it."""
    try:
        attributes = json.loads(value)
        # Refuses NaN and infinity (also 1e400): Python reads them, PostgreSQL does not.
        text = json.dumps(attributes, ensure_ascii=False, allow_nan=False)
        is_storable = "\\u0000" not in text and not UNSTORABLE.search(text)
    except (ValueError, RecursionError):
        attributes, is_storable = None, False
    if not isinstance(attributes, dict) or not is_storable:
        raise InvalidInput("A JSON object.", attr=name)
    check_attributes(attributes)
    row.attributes |= exact(attributes)


def _attribute(row: Row, name: str, value: str) -> None:
    row.attributes[name] = value


SETTERS: dict[str, Callable[[Row, str, str], None]] = {
    **dict.fromkeys(TEXTS, _text),
    "email": _email,
    "time_zone": _time_zone,
    "telegram_chat_id": _chat,
    "tags": _tags,
    "do_not_contact": _do_not_contact,
    "attributes": _attributes,
    # Ignored: an import derives the country from the phone.
    "country": lambda *_: None,
}
