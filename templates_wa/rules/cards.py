"""Rules for carousels: a body and 2 to 10 cards, which all have the same parts.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates/
marketing-templates/media-card-carousel-templates.
"""

from collections.abc import Iterator
from typing import Any

from channels.platforms import Category
from templates_wa.models import HeaderFormat, WhatsAppTemplate
from templates_wa.rules.buttons import listed, plain
from templates_wa.rules.problem import Problem
from templates_wa.rules.texts import parameters

FEWEST, MOST = 2, 10
MAX_BODY = 160
MAX_BUTTONS = 2
CARD_FORMATS = (HeaderFormat.IMAGE, HeaderFormat.VIDEO)
BUTTONS = ("QUICK_REPLY", "URL", "PHONE_NUMBER")


def cards(template: WhatsAppTemplate) -> Iterator[Problem]:
    cards = template.cards
    if not isinstance(cards, list) or not all(_is_card(card) for card in cards):
        yield Problem("cards", "A list of objects with header_format, body and buttons.")
        return
    if not cards:
        return
    if not FEWEST <= len(cards) <= MOST:
        yield Problem("cards", f"A carousel has {FEWEST} to {MOST} cards.")
    yield from _other_parts(template)
    for index, card in enumerate(cards):
        yield from _card(template, f"cards.{index}", card)
        yield from _differences(f"cards.{index}", card, cards[0])


def _is_card(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("header_format"), str)
        and isinstance(value.get("body", ""), str)
        and isinstance(value.get("buttons"), list)
        and all(isinstance(button, dict) for button in value["buttons"])
    )


def _other_parts(template: WhatsAppTemplate) -> Iterator[Problem]:
    if template.category != Category.MARKETING:
        yield Problem("category", "A carousel has category MARKETING.")
    if template.header_format != HeaderFormat.NONE:
        yield Problem("header_format", "In a carousel, only cards have headers.")
    if template.footer:
        yield Problem("footer", "A carousel has no footer.")
    if template.buttons:
        yield Problem("buttons", "In a carousel, only cards have buttons.")


def _card(template: WhatsAppTemplate, attr: str, card: dict[str, Any]) -> Iterator[Problem]:
    if card["header_format"] not in CARD_FORMATS:
        yield Problem(f"{attr}.header_format", "A card shows an IMAGE or a VIDEO.")
    body = card.get("body", "")
    if len(body) > MAX_BODY:
        yield Problem(f"{attr}.body", f"At most {MAX_BODY} characters.")
    yield from parameters(template, f"{attr}.body", body)
    if len(card["buttons"]) > MAX_BUTTONS:
        yield Problem(f"{attr}.buttons", f"A card has at most {MAX_BUTTONS} buttons.")
    yield from listed(card["buttons"], attr=f"{attr}.buttons", types=BUTTONS)
    yield from plain(template, card["buttons"], attr=f"{attr}.buttons")


def _differences(attr: str, card: dict[str, Any], first: dict[str, Any]) -> Iterator[Problem]:
    if card["header_format"] != first["header_format"]:
        yield Problem(f"{attr}.header_format", "All cards show the same kind of medium.")
    if bool(card.get("body")) != bool(first.get("body")):
        yield Problem(f"{attr}.body", "Either all cards have a body or none has.")
    if _types(card) != _types(first):
        yield Problem(f"{attr}.buttons", "All cards have the same buttons in the same order.")


def _types(card: dict[str, Any]) -> list[Any]:
    return [button.get("type") for button in card["buttons"]]
