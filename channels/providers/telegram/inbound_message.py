"""What did a Telegram user send? Reads a message of any type.

Source: core.telegram.org/bots/api#message.
"""

from collections.abc import Mapping
from typing import Any

from channels.port.events import ReplyKind
from channels.providers.json_values import object_in, place_in, text_in
from channels.providers.message_content import Content, with_its_words

KINDS = {
    "text": ReplyKind.TEXT,
    "photo": ReplyKind.IMAGE,
    "animation": ReplyKind.VIDEO,  # has a `document` too
    "video": ReplyKind.VIDEO,
    "video_note": ReplyKind.VIDEO,
    "voice": ReplyKind.VOICE,
    "audio": ReplyKind.AUDIO,
    "document": ReplyKind.DOCUMENT,
    "sticker": ReplyKind.STICKER,
    "venue": ReplyKind.LOCATION,  # has a `location` too
    "location": ReplyKind.LOCATION,
    "contact": ReplyKind.CONTACTS,
}
"""The field that holds the content → its kind, in the order of look-up."""

SERVICE = frozenset(
    {
        "boost_added",
        "channel_chat_created",
        "chat_background_set",
        "chat_shared",
        "checklist_tasks_added",
        "checklist_tasks_done",
        "connected_website",
        "delete_chat_photo",
        "forum_topic_closed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "gift",
        "giveaway",
        "giveaway_completed",
        "giveaway_created",
        "giveaway_winners",
        "group_chat_created",
        "invoice",
        "left_chat_member",
        "message_auto_delete_timer_changed",
        "migrate_from_chat_id",
        "migrate_to_chat_id",
        "new_chat_members",
        "new_chat_photo",
        "new_chat_title",
        "passport_data",
        "pinned_message",
        "proximity_alert_triggered",
        "refunded_payment",
        "successful_payment",
        "supergroup_chat_created",
        "unique_gift",
        "users_shared",
        "video_chat_ended",
        "video_chat_participants_invited",
        "video_chat_scheduled",
        "video_chat_started",
        "write_access_allowed",
    }
)
"""Service messages: Telegram reports an event in the chat, nobody wrote something."""

ENVELOPE = frozenset({"message_id", "date", "chat", "from", "edit_date", "reply_to_message"})


def content_of(message: Mapping[str, Any]) -> Content:
    """The content. A message of an unknown type keeps its text or caption as its words."""
    words = text_in(message.get("text")) or text_in(message.get("caption"))
    if answers := object_in(message.get("web_app_data")).get("data"):
        return Content(ReplyKind.FORM, str(answers))
    name = next((name for name in KINDS if name in message), "")
    if not name:
        names = sorted(str(field) for field in message if field not in ENVELOPE)
        return Content(ReplyKind.UNKNOWN, words, unknown_type=" ".join(names) or "no content")
    content = Content(KINDS[name], words or _described(name, object_in(message[name])))
    return with_its_words(content, name=name)


def _described(name: str, part: Mapping[str, Any]) -> str:
    """The words that describe a sticker, a place or a contact."""
    if name == "sticker":
        return text_in(part.get("emoji"))
    if name == "location":
        return place_in(part)
    if name == "venue":
        return ", ".join(filter(None, (text_in(part.get("title")), text_in(part.get("address")))))
    if name == "contact":
        names = ("first_name", "last_name", "phone_number")
        return " ".join(filter(None, (text_in(part.get(key)) for key in names)))
    return ""
