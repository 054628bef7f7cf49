"""Reads values of JSON as the type that they should have, and an empty value for any other."""

from collections.abc import Mapping
from typing import Any


def text_in(value: object) -> str:
    return value if isinstance(value, str) else ""


def object_in(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def list_in(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def first_object(value: object) -> Mapping[str, Any]:
    """The first object of a list, or the object itself; {} if there is none."""
    return value if isinstance(value, Mapping) else object_in(next(iter(list_in(value)), None))


def place_in(part: Mapping[str, Any]) -> str:
    """The coordinates of a place: `52.5,13.4`; '' if there are none."""
    return f"{part.get('latitude', '')},{part.get('longitude', '')}".strip(",")
