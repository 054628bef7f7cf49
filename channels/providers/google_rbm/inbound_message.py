"""What did a user send over RCS? Reads a message of any type.

Source: developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/
UserMessage.
"""

from collections.abc import Mapping
from typing import Any

from channels.port.events import ReplyKind
from channels.providers.message_content import Content

FILES = {"image": ReplyKind.IMAGE, "video": ReplyKind.VIDEO, "audio": ReplyKind.AUDIO}
"""The part of a file's type before the slash; any other file is a document."""

CARDS = frozenset({"text/vcard", "text/x-vcard"})
ENVELOPE = frozenset(
    {
        "senderPhoneNumber",
        "messageId",
        "sendTime",
        "agentId",
        "carrier",
        "richMessageClassification",
        "businessMessageType",
    }
)


def content_of(event: Mapping[str, Any]) -> Content:
    """The content: a suggestion's title and value, a text or a place."""
    if "suggestionResponse" in event:
        tapped = _object(event["suggestionResponse"])
        return Content(
            ReplyKind.BUTTON, _text(tapped.get("text")), _text(tapped.get("postbackData"))
        )
    if "text" in event:
        return Content(ReplyKind.TEXT, _text(event["text"]))
    if "userFile" in event:
        return _file(_object(_object(event["userFile"]).get("payload")))
    if "location" in event:
        place = _object(event["location"])
        words = f"{place.get('latitude', '')},{place.get('longitude', '')}".strip(",")
        return Content(ReplyKind.LOCATION, words)
    names = sorted(str(name) for name in event if name not in ENVELOPE)
    return Content(ReplyKind.UNKNOWN, unknown_type=" ".join(names) or "no content")


def _file(payload: Mapping[str, Any]) -> Content:
    media_type = _text(payload.get("mimeType")).lower()
    if media_type in CARDS:
        kind = ReplyKind.CONTACTS
    else:
        kind = FILES.get(media_type.partition("/")[0], ReplyKind.DOCUMENT)
    return Content(kind)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
