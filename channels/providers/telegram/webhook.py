"""Reads Telegram's calls to us, one update each. Source: core.telegram.org/bots/api#update."""

import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from channels.port.events import InboundEvent, OptChange, Reply
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.webhook_reader import WebhookReader
from channels.providers.error_rules import json_object

ALLOWED_UPDATES = ("message", "my_chat_member", "callback_query")

# A member's new status in a private chat → whether the recipient has opted out
MEMBER_OPTED_OUT = {"kicked": True, "member": False}

# A command → whether it opts out. If /stop did not block the bot, /start sends no my_chat_member.
COMMAND_OPTED_OUT = {"/stop": True, "/start": False}


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
            if member := update.get("my_chat_member"):
                return _member_events(member)
            if message := update.get("message"):
                return _message_events(message)
            if query := update.get("callback_query"):
                return _pressed(query, received_at)
        except (
            KeyError,
            TypeError,
            AttributeError,
            OverflowError,
            OSError,
            RecursionError,
        ) as error:
            raise ValueError("Not an update as Telegram documents it.") from error
        return []


def _member_events(change: dict[str, Any]) -> list[InboundEvent]:
    member = change["new_chat_member"]
    status = member["status"]
    if change["chat"].get("type") != "private" or status not in MEMBER_OPTED_OUT:
        return []
    return [
        OptChange(
            account_id=str(member["user"]["id"]),
            address=str(change["chat"]["id"]),
            opted_out=MEMBER_OPTED_OUT[status],
            marketing_only=False,
            at=_at(change["date"]),
            reason=f"telegram_{status}",
        )
    ]


def _message_events(message: dict[str, Any]) -> list[InboundEvent]:
    text = message.get("text", "")
    word, _, rest = text.partition(" ")
    command = word.partition("@")[0].lower()
    events: list[InboundEvent] = []
    if command in COMMAND_OPTED_OUT:
        events.append(_command(message, command))
    if text and command != "/stop":
        # A bot started in a group: the group is not one contact's own chat.
        is_own = command == "/start" and message["chat"].get("type") == "private"
        events.append(_reply(message, payload=rest.strip() if is_own else ""))
    return events


def _command(message: dict[str, Any], command: str) -> OptChange:
    return OptChange(
        account_id="",
        address=str(message["chat"]["id"]),
        opted_out=COMMAND_OPTED_OUT[command],
        marketing_only=False,
        at=_at(message["date"]),
        reason=f"telegram_{command.removeprefix('/')}",
    )


def _reply(message: dict[str, Any], *, payload: str) -> Reply:
    chat_id = message["chat"]["id"]
    replied = message.get("reply_to_message") or {}
    return Reply(
        account_id="",
        address=str(chat_id),
        provider_message_id=f"{chat_id}:{message['message_id']}",
        text=message["text"],
        at=_at(message["date"]),
        payload=payload,
        in_reply_to=f"{chat_id}:{replied['message_id']}" if replied else "",
    )


def _pressed(query: dict[str, Any], at: datetime) -> list[InboundEvent]:
    """A reply with the button's text. A query has no time and, for old messages, no keyboard."""
    data, message = query.get("data"), query.get("message")
    if not isinstance(data, str) or not data or not message:
        return []
    chat_id = message["chat"]["id"]
    return [
        Reply(
            account_id="",
            address=str(chat_id),
            provider_message_id=f"{chat_id}:pressed:{query['id']}",
            text=_button_text(message, data) or data,
            at=at,
            in_reply_to=f"{chat_id}:{message['message_id']}",
            acknowledge=str(query["id"]),
        )
    ]


def _button_text(message: dict[str, Any], data: str) -> str:
    """The text of the button with this data; '' if the message shows no such button."""
    keyboard = (message.get("reply_markup") or {}).get("inline_keyboard") or []
    buttons = [button for row in keyboard for button in row if button.get("callback_data") == data]
    return str(buttons[0]["text"]) if buttons else ""


def _at(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, tz=UTC)
