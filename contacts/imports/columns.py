"""The one table of columns: what an import reads and an export writes.

Every other column of a file becomes an attribute of the contact.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from api.errors import InvalidInput
from api.parsers import MAX_NUMBER, UNSTORABLE
from contacts.attributes import check_attributes, exact
from contacts.phones import country_of, to_e164
from contacts.user_ids import country_of_user_id, is_user_id

MAX_TEXT = 200
MAX_EMAIL = 254
MAX_TAG = 100
MAX_DIGITS = 16
"""Digits of the largest number that JSON clients do not round."""
YES = frozenset(
    (
        *("1", "true", "yes", "y", "x", "ja", "wahr", "oui", "vrai", "sí", "si", "sì", "verdadero"),
        *("sim", "verdadeiro", "vero", "tak", "prawda", "да", "истина", "evet"),
    )
)
NO = frozenset(
    (
        *("0", "false", "no", "n", "nein", "falsch", "non", "faux", "falso", "não", "nee"),
        *("nie", "fałsz", "нет", "ложь"),
    )
)
"""Also as Excel writes them in other languages: WAHR, FAUX."""


@dataclass(slots=True)
class Values:
    """The values of a line. An empty value leaves the contact's field unchanged."""

    default_country: str
    tags: list[str]
    fields: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    do_not_contact: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column with a meaning. `read` raises InvalidInput with the column's name as `attr`."""

    name: str
    read: Callable[[Values, str, str], None]
    is_exported: bool = True
    is_key: bool = False
    """True if the column finds a contact: a file needs one of these."""
    stored: tuple[str, ...] = ()
    """Fields of Contact that the column writes."""


def _phone(values: Values, name: str, text: str) -> None:
    phone = to_e164(text, default_country=values.default_country)
    values.fields["phone"] = phone
    values.fields["country"] = country_of(phone)


def _user_id(values: Values, name: str, text: str) -> None:
    if not is_user_id(text):
        raise InvalidInput("A user id such as US.13491208655302741918.", attr=name)
    values.fields[name] = text
    values.fields.setdefault("country", country_of_user_id(text))


def _text(values: Values, name: str, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise InvalidInput(f"At most {MAX_TEXT} characters.", attr=name)
    values.fields[name] = text


def _email(values: Values, name: str, text: str) -> None:
    try:
        validate_email(text)
    except ValidationError as error:
        raise InvalidInput("This is no e-mail address.", attr=name) from error
    if len(text) > MAX_EMAIL:
        raise InvalidInput(f"At most {MAX_EMAIL} characters.", attr=name)
    values.fields[name] = text


def _time_zone(values: Values, name: str, text: str) -> None:
    if text not in _time_zones():
        raise InvalidInput("An IANA name such as Europe/Berlin.", attr=name)
    values.fields[name] = text


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    """Cached once per process, because it reads a directory."""
    return frozenset(available_timezones())


def _chat(values: Values, name: str, text: str) -> None:
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS
    if not is_number or int(digits) > MAX_NUMBER:
        raise InvalidInput("A whole number such as 4242424242.", attr=name)
    values.fields[name] = int(text)


def _tags(values: Values, name: str, text: str) -> None:
    tags = [tag.strip() for tag in text.split(",") if tag.strip()]
    if any(len(tag) > MAX_TAG for tag in tags):
        raise InvalidInput(f"A tag has {MAX_TAG} characters at most.", attr=name)
    values.tags += tags


def _do_not_contact(values: Values, name: str, text: str) -> None:
    word = text.lower()
    if word not in YES | NO:
        raise InvalidInput("Yes or no.", attr=name)
    values.do_not_contact = word in YES


def _attributes(values: Values, name: str, text: str) -> None:
    """A JSON object, as the export writes it."""
    try:
        attributes = json.loads(text)
        # Refuses NaN and infinity (also 1e400): Python reads them, PostgreSQL does not.
        written = json.dumps(attributes, ensure_ascii=False, allow_nan=False)
        is_storable = "\\u0000" not in written and not UNSTORABLE.search(written)
    except (ValueError, RecursionError):
        attributes, is_storable = None, False
    if not isinstance(attributes, dict) or not is_storable:
        raise InvalidInput("A JSON object.", attr=name)
    check_attributes(attributes)
    values.attributes |= exact(attributes)


def _ignored(values: Values, name: str, text: str) -> None:
    pass


COLUMNS: tuple[Column, ...] = (
    Column("external_id", _text, is_key=True, stored=("external_id",)),
    Column("phone", _phone, is_key=True, stored=("phone", "country")),
    Column("first_name", _text, stored=("first_name",)),
    Column("last_name", _text, stored=("last_name",)),
    Column("email", _email, stored=("email",)),
    Column("telegram_chat_id", _chat, stored=("telegram_chat_id",)),
    Column("whatsapp_user_id", _user_id, is_key=True, stored=("whatsapp_user_id",)),
    Column("time_zone", _time_zone, stored=("time_zone",)),
    Column("do_not_contact", _do_not_contact),
    Column("tags", _tags),
    Column("attributes", _attributes, stored=("attributes",)),
    # An import derives the country from the phone.
    Column("country", _ignored, is_exported=False),
)
BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}
KEYS = tuple(column.name for column in COLUMNS if column.is_key)
EXPORTED = tuple(column.name for column in COLUMNS if column.is_exported)
STORED = tuple(name for column in COLUMNS for name in column.stored)


def name_of(heading: str) -> str:
    """The column that a heading means regardless of case and blanks, else "": “First name”."""
    name = "_".join(heading.casefold().replace("-", " ").replace("_", " ").split())
    return name if name in BY_NAME else ""
