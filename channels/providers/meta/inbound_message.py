"""What did a WhatsApp user send? Reads a message of any type, in Meta's format.

Gupshup's version 3 has the same format.
Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/…
(messages).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from channels.port.events import ReplyKind
from channels.providers.json_values import list_in, object_in, place_in, text_in
from channels.providers.message_content import Content, with_its_words


def type_of(message: Mapping[str, Any]) -> str:
    """The message's type; if it has none, the first known type that it has a value for."""
    if message.get("type"):
        return str(message["type"]).lower()
    return next((name for name in _READERS if name in message), "")


def content_of(message: Mapping[str, Any]) -> Content:
    """The content. A message of an unknown type keeps such words as are found in a known place."""
    name = type_of(message)
    part = _object(message.get(name))
    read = _READERS.get(name)
    return with_its_words(read(part), name=name) if read else _unknown(name, part)


def _object(part: Any) -> Mapping[str, Any]:
    """The message's part of its type. A list (contacts) or a text is given as an object."""
    if isinstance(part, list):
        return {"list": part}
    if isinstance(part, str):
        return {"body": part}
    return part if isinstance(part, Mapping) else {}


def _unknown(name: str, part: Mapping[str, Any]) -> Content:
    words = next((text_in(part.get(key)) for key in _WORDS if text_in(part.get(key))), "")
    return Content(ReplyKind.UNKNOWN, words, unknown_type=name or "no type")


_WORDS = ("body", "text", "caption", "title", "name")


def _typed(part: Mapping[str, Any]) -> Content:
    return Content(ReplyKind.TEXT, text_in(part.get("body")))


def _medium(kind: ReplyKind) -> Callable[[Mapping[str, Any]], Content]:
    return lambda part: Content(kind, text_in(part.get("caption")))


def _audio(part: Mapping[str, Any]) -> Content:
    kind = ReplyKind.VOICE if part.get("voice") is True else ReplyKind.AUDIO
    return Content(kind, text_in(part.get("caption")))


def _button(part: Mapping[str, Any]) -> Content:
    return Content(ReplyKind.BUTTON, text_in(part.get("text")), text_in(part.get("payload")))


def _reaction(part: Mapping[str, Any]) -> Content:
    """A reaction; without an emoji, the recipient removed it."""
    answers = text_in(part.get("message_id"))
    return Content(ReplyKind.REACTION, text_in(part.get("emoji")), answers=answers)


def _location(part: Mapping[str, Any]) -> Content:
    words = [text_in(part.get("name")), text_in(part.get("address"))]
    place = place_in(part)
    return Content(ReplyKind.LOCATION, ", ".join(word for word in (*words, place) if word))


def _contacts(part: Mapping[str, Any]) -> Content:
    """The names and numbers of the contacts that the recipient sent."""
    cards = [card for card in part.get("list", []) if isinstance(card, Mapping)]
    return Content(ReplyKind.CONTACTS, "; ".join(filter(None, map(_card, cards))))


def _card(card: Mapping[str, Any]) -> str:
    name = _object(card.get("name"))
    full = text_in(name.get("formatted_name")) or text_in(name.get("first_name"))
    phones = [_object(phone).get("phone") for phone in list_in(card.get("phones"))]
    return " ".join(word for word in (full, *map(text_in, phones)) if word)


def _order(part: Mapping[str, Any]) -> Content:
    """The note that the recipient wrote with the order, else the ordered products."""
    items = [_object(item) for item in list_in(part.get("product_items"))]
    lines = [
        f"{item.get('quantity', 1)} x {item['product_retailer_id']}"
        for item in items
        if item.get("product_retailer_id")
    ]
    return Content(ReplyKind.ORDER, text_in(part.get("text")) or ", ".join(lines))


def _interactive(part: Mapping[str, Any]) -> Content:
    name = text_in(part.get("type")) or next((key for key in _ANSWERS if key in part), "")
    read = _ANSWERS.get(name)
    answer = _object(part.get(name))
    return read(answer) if read else _unknown(f"interactive {name}".strip(), answer)


def _chosen(kind: ReplyKind) -> Callable[[Mapping[str, Any]], Content]:
    return lambda answer: Content(kind, text_in(answer.get("title")), text_in(answer.get("id")))


def _form(answer: Mapping[str, Any]) -> Content:
    """A form's answers as they came: `response_json` is a text, of an object or not."""
    answers = answer.get("response_json")
    if answers is not None and not isinstance(answers, str):
        answers = json.dumps(answers, ensure_ascii=False)
    return Content(ReplyKind.FORM, answers or text_in(answer.get("body")))


def _permission(answer: Mapping[str, Any]) -> Content:
    """Whether the business may call: accept or reject."""
    return Content(ReplyKind.BUTTON, text_in(answer.get("response")))


def _edit(part: Mapping[str, Any]) -> Content:
    """The new content of a message that the recipient edited. An edit of an edit is unknown."""
    new, answers = object_in(part.get("message")), text_in(part.get("original_message_id"))
    if type_of(new) == "edit":
        return Content(ReplyKind.UNKNOWN, answers=answers, unknown_type="edit of an edit")
    content = content_of(new)
    return replace(content, answers=answers)


def _revoked(part: Mapping[str, Any]) -> Content:
    return Content(ReplyKind.REVOKED, answers=text_in(part.get("original_message_id")))


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
