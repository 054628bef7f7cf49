"""Reads Telegram's calls to us, one update each. Source: core.telegram.org/bots/api#update."""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.port.events import (
    TYPED,
    AddressMoved,
    InboundEvent,
    NotUnderstood,
    OptChange,
    Part,
    Reply,
    ReplyKind,
)
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.webhook_reader import WebhookReader
from channels.providers.error_rules import json_object
from channels.providers.json_values import list_in, object_in, text_in
from channels.providers.reported_time import time_or
from channels.providers.telegram.inbound_message import SERVICE, content_of

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "message_reaction",
    "my_chat_member",
    "callback_query",
)

# A member's new status in a private chat → whether the recipient has opted out
MEMBER_OPTED_OUT = {"kicked": True, "member": False}
MEMBER_NOTHING_NEW = frozenset({"creator", "administrator", "restricted", "left"})

# A command → whether it opts out. If /stop did not block the bot, /start sends no my_chat_member.
COMMAND_OPTED_OUT = {"/stop": True, "/start": False}

PRIVATE = "private"
NOT_AS_DOCUMENTED = "Not an update as Telegram documents it."


class TelegramWebhook(WebhookReader):
    """Reads Telegram's calls: one update each."""

    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        """Whether X-Telegram-Bot-Api-Secret-Token is the token that we gave to setWebhook."""
        expected = secrets.secrets.get("secret_token", "")
        token = call.headers.get("x-telegram-bot-api-secret-token", "")
        return bool(expected) and hmac.compare_digest(token.encode(), expected.encode())

    def event_key(self, body: bytes) -> str:
        """The update_id, which identifies a repeated call."""
        update_id = json_object(body).get("update_id")
        return str(update_id) if isinstance(update_id, int) else ""

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The events of an update. Raises ValueError if the update is malformed.

        A message does not name its bot: its `account_id` is '', and the webhook's endpoint, which
        belongs to one bot, identifies the bot.
        """
        try:
            update = json.loads(body)
            update["update_id"]
            return list(_events(update, received_at))
        except (
            KeyError,
            TypeError,
            AttributeError,
            OverflowError,
            OSError,
            RecursionError,
        ) as error:
            raise ValueError(NOT_AS_DOCUMENTED) from error


def _events(update: Mapping[str, Any], received_at: datetime) -> Iterator[InboundEvent]:
    """The events of the update's only part besides its id."""
    for name, read in _READERS.items():
        if update.get(name):
            yield from read(update[name], received_at)
            return
    names = sorted(str(name) for name in update if name != "update_id")
    yield NotUnderstood(Part.CALL, " ".join(names) or "no update", received_at)


def _member(change: dict[str, Any], received_at: datetime) -> Iterator[InboundEvent]:
    member = change["new_chat_member"]
    status, at = member["status"], time_or(received_at, change.get("date"))
    bot = object_in(member.get("user"))
    if _group(change["chat"]):
        return
    if status in MEMBER_OPTED_OUT:
        yield OptChange(
            account_id=str(bot.get("id") or ""),
            address=str(change["chat"]["id"]),
            opted_out=MEMBER_OPTED_OUT[status],
            marketing_only=False,
            at=at,
            reason=f"telegram_{status}",
        )
    elif status not in MEMBER_NOTHING_NEW:
        yield NotUnderstood(Part.PREFERENCE, str(status), at)


def _message(message: dict[str, Any], received_at: datetime) -> Iterator[InboundEvent]:
    """A message, with the opt-out or opt-in of a command, or a chat with a new id."""
    # What an edit says counts from the edit: the opt-out of an old message that now says /stop.
    written_at = message.get("edit_date") or message.get("date")
    at, chat = time_or(received_at, written_at), message["chat"]
    if moved := message.get("migrate_to_chat_id"):
        yield AddressMoved(account_id="", old=str(chat["id"]), new=str(moved), at=at)
    if former := message.get("migrate_from_chat_id"):
        yield AddressMoved(account_id="", old=str(former), new=str(chat["id"]), at=at)
    if SERVICE.intersection(message):
        return
    content = content_of(message)
    command, payload = _command(content.text if content.kind in TYPED else "")
    if command in COMMAND_OPTED_OUT and not _group(chat):
        yield OptChange(
            account_id="",
            address=str(chat["id"]),
            opted_out=COMMAND_OPTED_OUT[command],
            marketing_only=False,
            at=at,
            reason=f"telegram_{command.removeprefix('/')}",
        )
    # A bot started in a group: the group is not one contact's own chat.
    is_own = command == "/start" and not _group(chat)
    quoted = object_in(message.get("reply_to_message"))
    yield Reply(
        account_id="",
        address=_writer(message),
        provider_message_id=f"{chat['id']}:{message['message_id']}{_edit(message)}",
        text=content.text,
        at=at,
        payload=payload if is_own else "",
        in_reply_to=f"{chat['id']}:{quoted['message_id']}" if "message_id" in quoted else "",
        kind=content.kind,
        group_id=_group(chat),
    )
    if content.kind is ReplyKind.UNKNOWN:
        yield NotUnderstood(Part.MESSAGE, content.unknown_type, at)


def _command(text: str) -> tuple[str, str]:
    """(the command that the text begins with, in lower case; what follows it)."""
    words = text.split(maxsplit=1)
    if not words or not words[0].startswith("/"):
        return "", ""
    return words[0].partition("@")[0].lower(), words[1].strip() if len(words) > 1 else ""


def _edit(message: Mapping[str, Any]) -> str:
    """Distinguishes the edits of a message."""
    return f":edited:{message['edit_date']}" if message.get("edit_date") else ""


def _group(chat: Mapping[str, Any]) -> str:
    """The id of a group, supergroup or channel; '' for a private chat.

    Every update names the chat's type; ids of groups are negative too.
    """
    kind = chat.get("type")
    is_private = kind == PRIVATE or (kind is None and int(chat["id"]) > 0)
    return "" if is_private else str(chat["id"])


def _writer(message: Mapping[str, Any]) -> str:
    """The writer's own chat, which has the user's id; the chat's id if the writer is hidden."""
    writer = object_in(message.get("from"))
    return str(writer["id"] if _group(message["chat"]) and writer.get("id") else _chat_id(message))


def _chat_id(message: Mapping[str, Any]) -> Any:
    return message["chat"]["id"]


def _reaction(reaction: dict[str, Any], received_at: datetime) -> Iterator[InboundEvent]:
    """The emoji of a reaction; without any, the recipient removed it."""
    chat, user = reaction["chat"], object_in(reaction.get("user"))
    new_ones = map(object_in, list_in(reaction.get("new_reaction")))
    emojis = [text_in(new.get("emoji")) for new in new_ones]
    at = time_or(received_at, reaction.get("date"))
    message_id = f"{chat['id']}:{reaction['message_id']}"
    yield Reply(
        account_id="",
        address=str(user["id"] if _group(chat) and user.get("id") else chat["id"]),
        provider_message_id=f"{message_id}:reaction:{user.get('id', '')}:{int(at.timestamp())}",
        text="".join(emojis),
        at=at,
        in_reply_to=message_id,
        kind=ReplyKind.REACTION,
        group_id=_group(chat),
    )


def _pressed(query: dict[str, Any], received_at: datetime) -> Iterator[InboundEvent]:
    """A reply with the button's text. A query has no time and, for old messages, no keyboard."""
    data = query.get("data") or query.get("game_short_name") or ""
    message = query.get("message") or {"chat": {"id": query["from"]["id"], "type": PRIVATE}}
    group = _group(message["chat"])
    chat_id = _chat_id(message)
    yield Reply(
        account_id="",
        address=str(query["from"]["id"] if group else chat_id),
        provider_message_id=f"{chat_id}:pressed:{query['id']}",
        text=_button_text(message, data) or str(data),
        at=received_at,
        payload=str(data),
        in_reply_to=f"{chat_id}:{message['message_id']}" if "message_id" in message else "",
        acknowledge=str(query["id"]),
        kind=ReplyKind.BUTTON,
        group_id=group,
    )


def _button_text(message: dict[str, Any], data: str) -> str:
    """The text of the button with this data; '' if the message shows no such button."""
    keyboard = list_in(object_in(message.get("reply_markup")).get("inline_keyboard"))
    buttons = [object_in(button) for row in keyboard for button in list_in(row)]
    texts = (text_in(b.get("text")) for b in buttons if b.get("callback_data") == data)
    return next(texts, "")


_READERS: Mapping[str, Callable[[dict[str, Any], datetime], Iterator[InboundEvent]]] = {
    "message": _message,
    "edited_message": _message,
    "channel_post": _message,
    "edited_channel_post": _message,
    "my_chat_member": _member,
    "message_reaction": _reaction,
    "callback_query": _pressed,
}
"""The updates that we read."""
