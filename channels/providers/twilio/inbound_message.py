"""What did a recipient send? Reads a message of any type from Twilio's form.

Source: twilio.com/docs/messaging/guides/webhook-request (parameters of SMS, RCS and WhatsApp).
"""

from collections.abc import Mapping

from channels.port.events import ReplyKind
from channels.providers.message_content import Content

TYPES = {
    "": ReplyKind.TEXT,
    "text": ReplyKind.TEXT,
    "image": ReplyKind.IMAGE,
    "video": ReplyKind.VIDEO,
    "audio": ReplyKind.AUDIO,
    "voice": ReplyKind.VOICE,
    "document": ReplyKind.DOCUMENT,
    "file": ReplyKind.DOCUMENT,
    "sticker": ReplyKind.STICKER,
    "location": ReplyKind.LOCATION,
    "contacts": ReplyKind.CONTACTS,
    "reaction": ReplyKind.REACTION,
    "order": ReplyKind.ORDER,
    "button": ReplyKind.BUTTON,
    "interactive": ReplyKind.BUTTON,
}
"""`MessageType`, which calls about SMS leave out."""

MEDIA = {
    "image": ReplyKind.IMAGE,
    "video": ReplyKind.VIDEO,
    "audio": ReplyKind.AUDIO,
    "application": ReplyKind.DOCUMENT,
    "text": ReplyKind.DOCUMENT,
}
"""The part of `MediaContentType0` before the slash."""

CARDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
FORM_ANSWERS = ("InteractiveData", "FlowData")


def content_of(form: Mapping[str, str]) -> Content:
    """The content. A message of an unknown type keeps its body as its words."""
    body = form.get("Body", "")
    if form.get("ListTitle") or form.get("ListId"):
        return Content(ReplyKind.LIST, form.get("ListTitle") or body, form.get("ListId", ""))
    if form.get("ButtonText") or form.get("ButtonPayload"):
        payload = form.get("ButtonPayload", "")
        return Content(ReplyKind.BUTTON, form.get("ButtonText") or body, payload)
    if answers := next((form[name] for name in FORM_ANSWERS if form.get(name)), ""):
        return Content(ReplyKind.FORM, answers)
    if form.get("Latitude") and form.get("Longitude"):
        return Content(ReplyKind.LOCATION, _place(form))
    return _of_type(form, body)


def _of_type(form: Mapping[str, str], body: str) -> Content:
    name = form.get("MessageType", "").lower()
    kind = TYPES.get(name, ReplyKind.UNKNOWN)
    if kind is ReplyKind.TEXT and form.get("NumMedia", "0") not in {"", "0"}:
        name = form.get("MediaContentType0", "").lower().partition(";")[0].strip()
        kind = _medium(name)
    return Content(kind, body, unknown_type=name or "no media type")


def _medium(media_type: str) -> ReplyKind:
    if media_type in CARDS:
        return ReplyKind.CONTACTS
    return MEDIA.get(media_type.partition("/")[0], ReplyKind.UNKNOWN)


def _place(form: Mapping[str, str]) -> str:
    words = (form.get("Label"), form.get("Address"), f"{form['Latitude']},{form['Longitude']}")
    return ", ".join(word for word in words if word)
