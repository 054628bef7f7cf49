"""Renders a template as a recipient would see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from templates_wa.models import WhatsAppTemplate
from templates_wa.rules.defaults import defaults_of
from templates_wa.rules.parameters import required_parameters
from templates_wa.rules.parts import PLACEHOLDER, Part, cards_of, message_of

SHOWN = ("type", "text", "url", "phone_number", "autofill_text")


@dataclass(frozen=True, slots=True)
class Card:
    """A card of a carousel."""

    header_media: str
    body: str
    buttons: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Preview:
    """A rendered template. `missing` lists parameters without a value; their placeholders stay."""

    header: str
    header_media: str
    body: str
    footer: str
    buttons: list[dict[str, Any]]
    cards: list[Card]
    missing: list[str]


def preview(template: WhatsAppTemplate, values: Mapping[str, str]) -> Preview:
    """Render the template with `values`, else with its defaults, else with its samples."""
    filled = {**template.examples, **defaults_of(template), **values}
    message = message_of(template)
    shown = _card(message, filled)
    return Preview(
        header=_filled(message.header_text, filled, prefix="header_"),
        header_media=shown.header_media,
        body=shown.body,
        footer=template.footer,
        buttons=shown.buttons,
        cards=[_card(part, filled) for part in cards_of(template)],
        missing=[key for key in required_parameters(template) if not filled.get(key)],
    )


def _card(part: Part, values: Mapping[str, str]) -> Card:
    return Card(
        header_media=values.get(f"{part.prefix}header_media", "") if part.has_medium else "",
        body=_filled(part.body, values, prefix=part.prefix),
        buttons=[_button(part, index, values) for index in range(len(part.buttons))],
    )


def _filled(text: str, values: Mapping[str, str], *, prefix: str) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(prefix + match[1]) or match[0], text)


def _button(part: Part, index: int, values: Mapping[str, str]) -> dict[str, Any]:
    button = part.buttons[index]
    value = values.get(f"{part.prefix}button_{index}", "")
    shown = {key: button[key] for key in SHOWN if key in button}
    if "url" in shown and value:
        shown["url"] = PLACEHOLDER.sub(lambda _: value, shown["url"])
    if button.get("type") == "COPY_CODE":
        shown["code"] = value
    elif button.get("type") == "OTP":
        shown["code"] = values.get("1", "")
    return shown
