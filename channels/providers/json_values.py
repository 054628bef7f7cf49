"""Reads values of JSON as the type that they should have, and an empty value for any other."""

from collections.abc import Mapping
from typing import Any


def text_in(value: object) -> str:
    return value if isinstance(value, str) else ""


def object_in(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def list_in(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def code_in(value: object) -> int | None:
    """A code that may come as a number or as a text ("190", 190.0); None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and not value.isascii():
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def code_text_in(value: object) -> str:
    """A code as a text, the same for 9, 9.0 and "9"; '' if there is none."""
    number = code_in(value)
    if number is not None:
        return str(number)
    return "" if value is None or isinstance(value, bool) else str(value).strip()


def place_in(part: Mapping[str, Any]) -> str:
    """The coordinates of a place: `52.5,13.4`; '' if there are none."""
    return f"{part.get('latitude', '')},{part.get('longitude', '')}".strip(",")
