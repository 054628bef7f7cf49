"""What did a user send over RCS? Reads a message of any type.

Source: developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/
UserMessage.
"""

from collections.abc import Mapping
from typing import Any

from channels.port.events import ReplyKind
from channels.providers.json_values import object_in, place_in, text_in
from channels.providers.message_content import Content, with_its_words

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
        tapped = object_in(event["suggestionResponse"])
        text, value = text_in(tapped.get("text")), text_in(tapped.get("postbackData"))
        return with_its_words(Content(ReplyKind.BUTTON, text, value), name="suggestionResponse")
    if "text" in event:
        return with_its_words(Content(ReplyKind.TEXT, text_in(event["text"])), name="text")
    if "userFile" in event:
        return _file(object_in(object_in(event["userFile"]).get("payload")))
    if "location" in event:
        place = object_in(event["location"])
        words = place_in(place)
        return Content(ReplyKind.LOCATION, words)
    names = sorted(str(name) for name in event if name not in ENVELOPE)
    return Content(ReplyKind.UNKNOWN, unknown_type=" ".join(names) or "no content")


def _file(payload: Mapping[str, Any]) -> Content:
    media_type = text_in(payload.get("mimeType")).lower()
    if media_type in CARDS:
        kind = ReplyKind.CONTACTS
    else:
        kind = FILES.get(media_type.partition("/")[0], ReplyKind.DOCUMENT)
    return Content(kind)
