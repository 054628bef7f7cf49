"""Cleans providers' texts for PostgreSQL, which refuses U+0000 and half surrogates.

JSON may hold both. A webhook's body is cleaned only after its signature was verified.
"""

from dataclasses import fields, replace
from typing import Any, TypeVar

from channels.port.events import InboundEvent
from channels.providers.error_rules import json_object
from postgres.text import storable

Event = TypeVar("Event", bound=InboundEvent)


def storable_object(body: bytes) -> dict[str, Any]:
    """Like json_object, with storable texts and keys, for answers of which parts are stored."""
    parsed = json_object(body)
    try:
        return {storable(key): _storable(value) for key, value in parsed.items()}
    except RecursionError:
        return {}


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case list():
            return [_storable(item) for item in value]
        case tuple():
            return tuple(_storable(item) for item in value)
        case dict():
            return {storable(key): _storable(item) for key, item in value.items()}
    return value


def storable_event(event: Event) -> Event:
    """The event with storable texts: one bad text would make the whole call fail."""
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    changed: dict[str, Any] = {
        name: clean
        for name, value in values.items()
        if isinstance(value, str | tuple) and (clean := _storable(value)) != value
    }
    return replace(event, **changed) if changed else event
