"""What did a WhatsApp user send? Reads a message of any type, in Meta's format.

Gupshup's version 3 has the same format.
Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/…
(messages).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from channels.port.events import ReplyKind
from channels.providers.message_content import Content


def type_of(message: Mapping[str, Any]) -> str:
    """The message's type; if it has none, the first known type that it has a value for."""
    if message.get("type"):
        return str(message["type"])
    return next((name for name in _READERS if name in message), "")


def content_of(message: Mapping[str, Any]) -> Content:
    """The content. A message of an unknown type keeps such words as are found in a known place."""
    name = type_of(message)
    part = _object(message.get(name))
    read = _READERS.get(name)
    return read(part) if read else _unknown(name, part)


def _object(part: Any) -> Mapping[str, Any]:
    """The message's part of its type; for a list (contacts), an object that holds the list."""
    if isinstance(part, list):
        return {"list": part}
    return part if isinstance(part, Mapping) else {}


def _unknown(name: str, part: Mapping[str, Any]) -> Content:
    words = next((_text(part.get(key)) for key in _WORDS if _text(part.get(key))), "")
    return Content(ReplyKind.UNKNOWN, words, unknown_type=name or "no type")


_WORDS = ("body", "text", "caption", "title", "name")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _typed(part: Mapping[str, Any]) -> Content:
    return Content(ReplyKind.TEXT, _text(part.get("body")))


def _medium(kind: ReplyKind) -> Callable[[Mapping[str, Any]], Content]:
    return lambda part: Content(kind, _text(part.get("caption")))


def _audio(part: Mapping[str, Any]) -> Content:
    kind = ReplyKind.VOICE if part.get("voice") is True else ReplyKind.AUDIO
    return Content(kind, _text(part.get("caption")))


def _button(part: Mapping[str, Any]) -> Content:
    return Content(ReplyKind.BUTTON, _text(part.get("text")), _text(part.get("payload")))


def _reaction(part: Mapping[str, Any]) -> Content:
    """A reaction; without an emoji, the recipient removed it."""
    answers = _text(part.get("message_id"))
    return Content(ReplyKind.REACTION, _text(part.get("emoji")), answers=answers)


def _location(part: Mapping[str, Any]) -> Content:
    words = [_text(part.get("name")), _text(part.get("address"))]
    place = f"{part.get('latitude', '')},{part.get('longitude', '')}".strip(",")
    return Content(ReplyKind.LOCATION, ", ".join(word for word in (*words, place) if word))


def _contacts(part: Mapping[str, Any]) -> Content:
    """The names and numbers of the contacts that the recipient sent."""
    cards = [card for card in part.get("list", []) if isinstance(card, Mapping)]
    return Content(ReplyKind.CONTACTS, "; ".join(filter(None, map(_card, cards))))


def _card(card: Mapping[str, Any]) -> str:
    name = _object(card.get("name"))
    full = _text(name.get("formatted_name")) or _text(name.get("first_name"))
    phones = [_object(phone).get("phone") for phone in _list(card.get("phones"))]
    return " ".join(word for word in (full, *map(_text, phones)) if word)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _order(part: Mapping[str, Any]) -> Content:
    """The note that the recipient wrote with the order, else the ordered products."""
    items = [_object(item) for item in _list(part.get("product_items"))]
    lines = [
        f"{item.get('quantity', 1)} x {item['product_retailer_id']}"
        for item in items
        if item.get("product_retailer_id")
    ]
    return Content(ReplyKind.ORDER, _text(part.get("text")) or ", ".join(lines))


def _interactive(part: Mapping[str, Any]) -> Content:
    name = _text(part.get("type")) or next((key for key in _ANSWERS if key in part), "")
    read = _ANSWERS.get(name)
    answer = _object(part.get(name))
    return read(answer) if read else _unknown(f"interactive {name}".strip(), answer)


def _chosen(kind: ReplyKind) -> Callable[[Mapping[str, Any]], Content]:
    return lambda answer: Content(kind, _text(answer.get("title")), _text(answer.get("id")))


def _form(answer: Mapping[str, Any]) -> Content:
    """A form's answers as they came: `response_json` is a text, of an object or not."""
    answers = answer.get("response_json")
    if answers is not None and not isinstance(answers, str):
        answers = json.dumps(answers, ensure_ascii=False)
    return Content(ReplyKind.FORM, answers or _text(answer.get("body")))


def _permission(answer: Mapping[str, Any]) -> Content:
    """Whether the business may call: accept or reject."""
    return Content(ReplyKind.BUTTON, _text(answer.get("response")))


def _edit(part: Mapping[str, Any]) -> Content:
    """The new content of a message that the recipient edited."""
    new, answers = content_of(_object(part.get("message"))), _text(part.get("original_message_id"))
    return Content(new.kind, new.text, new.payload, answers, new.unknown_type)


def _revoked(part: Mapping[str, Any]) -> Content:
    return Content(ReplyKind.REVOKED, answers=_text(part.get("original_message_id")))


_ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], Content]] = {
    "button_reply": _chosen(ReplyKind.BUTTON),
    "list_reply": _chosen(ReplyKind.LIST),
    "nfm_reply": _form,
    "call_permission_reply": _permission,
}
"""The types of an interactive message."""

_READERS: Mapping[str, Callable[[Mapping[str, Any]], Content]] = {
    "text": _typed,
    "button": _button,
    "interactive": _interactive,
    "image": _medium(ReplyKind.IMAGE),
    "video": _medium(ReplyKind.VIDEO),
    "document": _medium(ReplyKind.DOCUMENT),
    "sticker": _medium(ReplyKind.STICKER),
    "audio": _audio,
    "voice": _medium(ReplyKind.VOICE),
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "order": _order,
    "edit": _edit,
    "revoke": _revoked,
}
