"""What did a WhatsApp user send? Reads a message of any type, in Gupshup's version 2.

Source: docs.gupshup.io/docs/inbound-messages and …/types-of-payload.
"""

from collections.abc import Mapping
from typing import Any

from channels.port.events import CHOSEN, ReplyKind
from channels.providers.json_values import object_in, place_in, text_in
from channels.providers.message_content import Content, with_its_words

KINDS = {
    "text": ReplyKind.TEXT,
    "image": ReplyKind.IMAGE,
    "video": ReplyKind.VIDEO,
    "audio": ReplyKind.AUDIO,
    "voice": ReplyKind.VOICE,
    "file": ReplyKind.DOCUMENT,
    "document": ReplyKind.DOCUMENT,
    "sticker": ReplyKind.STICKER,
    "location": ReplyKind.LOCATION,
    "contact": ReplyKind.CONTACTS,
    "contacts": ReplyKind.CONTACTS,
    "reaction": ReplyKind.REACTION,
    "order": ReplyKind.ORDER,
    "nfm_reply": ReplyKind.FORM,
    "button_reply": ReplyKind.BUTTON,
    "quick_reply": ReplyKind.BUTTON,
    "button": ReplyKind.BUTTON,
    "list_reply": ReplyKind.LIST,
}

WORDS = ("text", "title", "caption", "emoji", "response_json", "body")
"""Where a message of any type may have its words."""


def content_of(payload: Mapping[str, Any]) -> Content:
    """The content. A message of an unknown type keeps the words that are in a known place."""
    name = str(payload.get("type") or "")
    details = payload.get("payload")
    part = {"text": details} if isinstance(details, str) else object_in(details)
    kind = KINDS.get(name, ReplyKind.UNKNOWN)
    content = Content(
        kind,
        _described(kind, part) or next(filter(None, (text_in(part.get(key)) for key in WORDS)), ""),
        text_in(part.get("postbackText")) or (text_in(part.get("id")) if kind in CHOSEN else ""),
        answers=_reacted_to(part) if kind is ReplyKind.REACTION else "",
        unknown_type=name or "no type",
    )
    return with_its_words(content, name=name)


def _reacted_to(part: Mapping[str, Any]) -> str:
    return text_in(part.get("gsId")) or text_in(part.get("message_id")) or text_in(part.get("id"))


def _described(kind: ReplyKind, part: Mapping[str, Any]) -> str:
    """The words that describe a place or contacts."""
    if kind is ReplyKind.LOCATION:
        place = place_in(part)
        words = (text_in(part.get("name")), text_in(part.get("address")), place)
        return ", ".join(word for word in words if word)
    if kind is ReplyKind.CONTACTS:
        contacts = part.get("contacts")
        cards = [card for card in (contacts if isinstance(contacts, list) else []) if card]
        return "; ".join(filter(None, (_name(card) for card in cards)))
    return ""


def _name(card: Any) -> str:
    name = card.get("name") if isinstance(card, Mapping) else None
    if not isinstance(name, Mapping):
        return text_in(name)
    return text_in(name.get("formatted_name")) or text_in(name.get("first_name"))
