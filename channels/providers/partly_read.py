"""Reads webhook calls of many parts, so that one malformed part does not lose the others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from channels.port.events import InboundEvent, SamePerson

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
    """All events of a call. Raises PartlyRead with this message if any part was malformed.

    A pair of addresses is kept once: each of a call's hundreds of statuses may name it.
    """
    results = list(events)
    complete = list(_without_repeated_pairs(event for event in results if event is not None))
    if None in results:
        raise PartlyRead(message, complete)
    return complete


def _without_repeated_pairs(events: Iterable[InboundEvent]) -> Iterator[InboundEvent]:
    pairs: set[tuple[str, ...]] = set()
    for event in events:
        if isinstance(event, SamePerson):
            if event.addresses in pairs:
                continue
            pairs.add(event.addresses)
        yield event
