"""What of a provider's words can be kept: PostgreSQL refuses U+0000 and half surrogates in a text.

JSON may hold both. A webhook's body is cleaned only after its signature has been checked.
"""

from dataclasses import fields, replace
from typing import Any, TypeVar

from channels.port.events import InboundEvent
from channels.providers.error_rules import json_object
from postgres.text import storable

Event = TypeVar("Event", bound=InboundEvent)


def storable_object(body: bytes) -> dict[str, Any]:
    """As json_object, with storable texts and keys: for answers that are kept part by part."""
    told = json_object(body)
    try:
        return {storable(key): _storable(each) for key, each in told.items()}
    except RecursionError:
        return {}


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case list():
            return [_storable(each) for each in value]
        case dict():
            return {storable(key): _storable(each) for key, each in value.items()}
    return value


def storable_event(event: Event) -> Event:
    """With its texts storable: one that is not would take all that its call says with it."""
    texts = {each.name: getattr(event, each.name) for each in fields(event)}
    changed: dict[str, Any] = {
        name: clean
        for name, text in texts.items()
        if isinstance(text, str) and (clean := storable(text)) != text
    }
    return replace(event, **changed) if changed else event
