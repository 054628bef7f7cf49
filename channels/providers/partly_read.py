"""Reads webhook calls of many parts, so that one malformed part does not lose the others."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from channels.port.events import InboundEvent

OTHER_SHAPE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError)
"""The exceptions that reading JSON of an unexpected shape raises."""


class PartlyRead(ValueError):
    """Parts of a call are not as its provider documents; `events` are those of the other parts."""

    def __init__(self, message: str, events: Sequence[InboundEvent]) -> None:
        super().__init__(message)
        self.events = events


def read_each(
    read: Callable[[Any], Iterator[InboundEvent | None]], parts: Any
) -> Iterator[InboundEvent | None]:
    """The events of every part, with a None for each malformed part."""
    if not isinstance(parts, list):
        yield None
        return
    for part in parts:
        try:
            yield from read(part)
        except OTHER_SHAPE:
            yield None


def all_or_partly_read(
    events: Iterator[InboundEvent | None], *, message: str
) -> list[InboundEvent]:
    """All events of a call. Raises PartlyRead with this message if any part was malformed."""
    results = list(events)
    complete = [event for event in results if event is not None]
    if len(complete) < len(results):
        raise PartlyRead(message, complete)
    return complete
