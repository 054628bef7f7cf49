"""Splits a template into parts: the message, and the cards of a carousel."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from templates_wa.models import HeaderFormat, WhatsAppTemplate

PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
NO_MEDIUM = frozenset({HeaderFormat.NONE, HeaderFormat.TEXT})


@dataclass(frozen=True, slots=True)
class Part:
    """A message or a card; the keys of its parameters begin with `prefix`: "" or "card_0_"."""

    prefix: str
    header_format: str
    header_text: str
    body: str
    buttons: Sequence[Mapping[str, Any]]

    @property
    def has_medium(self) -> bool:
        return self.header_format not in NO_MEDIUM


def message_of(template: WhatsAppTemplate) -> Part:
    return Part(
        "", template.header_format, template.header_text, template.body, tuple(template.buttons)
    )


def cards_of(template: WhatsAppTemplate) -> Iterator[Part]:
    for index, card in enumerate(template.cards):
        yield Part(
            f"card_{index}_", card["header_format"], "", card.get("body", ""), card["buttons"]
        )


def parts_of(template: WhatsAppTemplate) -> Iterator[Part]:
    yield message_of(template)
    yield from cards_of(template)


@lru_cache(maxsize=1024)
def placeholders(text: str) -> tuple[str, ...]:
    """The parameters in a template's text, each once, in order."""
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text)))
