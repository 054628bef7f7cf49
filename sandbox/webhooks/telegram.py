"""Users, chats and updates, as the Bot API writes them."""

import time
from typing import Any

Update = dict[str, Any]


def chat_of(to: str) -> Update:
    if to.startswith("@"):
        return {"id": -1_000_000_000_000, "type": "channel", "username": to[1:]}
    kind = "supergroup" if to.startswith("-") else "private"
    return {"id": int(to), "type": kind, "first_name": "Sandbox"}


def bot_user(bot: str) -> Update:
    name = f"sandbox_{bot}_bot"
    return {"id": int(bot), "is_bot": True, "first_name": "Sandbox bot", "username": name}


def message_update(update_id: int, chat: str, text: str) -> Update:
    user = {"id": int(chat), "is_bot": False, "first_name": "Sandbox"}
    message: Update = {
        "message_id": update_id % 1_000_000,
        "from": user,
        "chat": chat_of(chat),
        "date": int(time.time()),
        "text": text,
    }
    if text.startswith("/"):
        length = len(text.split(maxsplit=1)[0])
        message["entities"] = [{"offset": 0, "length": length, "type": "bot_command"}]
    return {"update_id": update_id, "message": message}


def member_update(update_id: int, bot: str, chat: str, status: str) -> Update:
    """`kicked`: the user has blocked the bot; `member`: the user has unblocked it."""
    before = "member" if status == "kicked" else "kicked"
    user = {"id": int(chat), "is_bot": False, "first_name": "Sandbox"}
    change = {
        "chat": chat_of(chat),
        "from": user,
        "date": int(time.time()),
        "old_chat_member": _membership(bot, before),
        "new_chat_member": _membership(bot, status),
    }
    return {"update_id": update_id, "my_chat_member": change}


def pressed_update(update_id: int, chat: str, body: Update) -> Update:
    """A press on the button with `data` under message `message_id`, in a private chat."""
    message: Update = {
        "message_id": body["message_id"],
        "chat": chat_of(chat),
        "date": int(time.time()),
    }
    if body.get("text"):
        row = [{"text": body["text"], "callback_data": body["data"]}]
        message["reply_markup"] = {"inline_keyboard": [row]}
    query = {
        "id": str(update_id),
        "from": {"id": int(chat), "is_bot": False, "first_name": "Sandbox"},
        "message": message,
        "chat_instance": "1",
        "data": body["data"],
    }
    return {"update_id": update_id, "callback_query": query}


def _membership(bot: str, status: str) -> Update:
    until = {"until_date": 0} if status == "kicked" else {}
    return {"user": bot_user(bot), "status": status, **until}
