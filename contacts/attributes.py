"""Limits of a contact's attributes, for the API and for imports."""

import json
from collections.abc import Mapping
from typing import Any

from api.errors import InvalidInput
from api.parsers import MAX_NUMBER

MAX_ATTRIBUTES = 200
"""An import has 100 columns at most, and a contact may be in several imports."""
MAX_NAME = 100
MAX_DEPTH = 5
"""Levels of objects and lists, the attributes' own object included."""
MAX_BYTES = 32 * 1024
"""As JSON in UTF-8: a million contacts of this size are 32 GB."""


class AttributesTooLarge(InvalidInput):
    """The attributes exceed a limit; `data` has the limit's name and value."""

    code = "attributes_too_large"


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Raises AttributesTooLarge (attr `attributes`)."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise _refusal("max_attributes", MAX_ATTRIBUTES, "At most {} attributes.")
    if any(len(name) > MAX_NAME for name in attributes):
        raise _refusal("max_name", MAX_NAME, "An attribute's name has {} characters at most.")
    if _is_deeper(attributes, MAX_DEPTH):
        raise _refusal("max_depth", MAX_DEPTH, "At most {} levels of objects and lists.")
    if len(json.dumps(attributes, ensure_ascii=False).encode()) > MAX_BYTES:
        raise _refusal("max_bytes", MAX_BYTES, "The attributes are {} bytes of JSON at most.")


def exact(value: Any) -> Any:
    """The same value, in which a number that JSON clients would round is a text.

    Call check_attributes first: it limits the depth.
    """
    match value:
        case bool():
            return value
        case int() | float():
            return value if abs(value) <= MAX_NUMBER else str(value)
        case dict():
            return {name: exact(item) for name, item in value.items()}
        case list():
            return [exact(item) for item in value]
    return value


def _refusal(name: str, limit: int, text: str) -> AttributesTooLarge:
    return AttributesTooLarge(text.format(limit), attr="attributes", data={name: limit})


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether objects and lists are nested in more levels than that; looks no further down."""
    match value:
        case dict():
            items = list(value.values())
        case list():
            items = value
        case _:
            return False
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in items)
