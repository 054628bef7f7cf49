"""Calls of many parts, of which one that is not as documented takes nothing with it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from channels.port.events import InboundEvent

OTHER_SHAPE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError)
"""What reading JSON of another shape than expected raises."""


class PartlyRead(ValueError):
    """Parts of a call are not as its provider documents them; the others say `events`."""

    def __init__(self, message: str, events: Sequence[InboundEvent]) -> None:
        super().__init__(message)
        self.events = events


def read_each(
    read: Callable[[Any], Iterator[InboundEvent | None]], parts: Any
) -> Iterator[InboundEvent | None]:
    """What is read of every part; None for what is of another shape."""
    if not isinstance(parts, list):
        yield None
        return
    for part in parts:
        try:
            yield from read(part)
        except OTHER_SHAPE:
            yield None


def whole(told: Iterator[InboundEvent | None], *, message: str) -> list[InboundEvent]:
    """Raises PartlyRead with this message where there is a None."""
    read = list(told)
    events = [each for each in read if each is not None]
    if len(events) < len(read):
        raise PartlyRead(message, events)
    return events
