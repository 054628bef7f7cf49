"""Reads the list of recipients in a request: quick for 100,000, and exact about what is wrong."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from api.errors import InvalidInput
from broadcast.planning.plan import RecipientRef

MAX_RECIPIENTS = 100_000
MAX_VARIABLES = 50
MAX_VALUE = 1024
MAX_KEY = 200
KEYS = ("contact", "phone", "external_id")
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def parse(value: Any) -> list[RecipientRef]:
    """Contact ids, or objects with one of contact, phone, external_id, and `variables`.

    Raises InvalidInput with attr `recipients` or `recipients.<index>`.
    """
    if not isinstance(value, list):
        raise InvalidInput("Give a list of recipients.", attr="recipients")
    if len(value) > MAX_RECIPIENTS:
        raise InvalidInput(
            f"At most {MAX_RECIPIENTS} recipients fit in a request; use tags and an audience.",
            attr="recipients",
        )
    return [_one(item, index) for index, item in enumerate(value)]


def _one(item: Any, index: int) -> RecipientRef:
    if isinstance(item, str):
        return RecipientRef(contact=_uuid(item, index))
    if not isinstance(item, dict):
        raise _wrong(index, "A recipient is a contact's id or an object.")
    named = [key for key in KEYS if item.get(key) is not None]
    surplus = set(item) - {*KEYS, "variables"}
    if len(named) != 1 or surplus:
        raise _wrong(index, "Name one of contact, phone, external_id; nothing else but variables.")
    variables = _variables(item.get("variables"), index)
    (key,) = named
    text = item[key]
    if not isinstance(text, str) or not 0 < len(text) <= MAX_KEY or "\x00" in text:
        raise _wrong(index, f"{key} must be text.")
    if key == "contact":
        return RecipientRef(contact=_uuid(text, index), variables=variables)
    if key == "phone":
        return RecipientRef(phone=text, variables=variables)
    return RecipientRef(external_id=text, variables=variables)


def _variables(value: Any, index: int) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_VARIABLES:
        raise _wrong(index, f"variables must be an object of at most {MAX_VARIABLES} values.")
    for name, each in value.items():
        if not VARIABLE_NAME.fullmatch(name):
            raise _wrong(index, f"{name[:64]!r} is no name for a variable.")
        if not isinstance(each, str) or len(each) > MAX_VALUE or "\x00" in each:
            raise _wrong(index, f"Variable {name} must be text of at most {MAX_VALUE} characters.")
    return value


def _uuid(text: str, index: int) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _wrong(index, f"{text[:64]!r} is not a contact's id.") from error


def _wrong(index: int, detail: str) -> InvalidInput:
    return InvalidInput(detail, attr=f"recipients.{index}")
