"""Events that recipients cause (replies, opt-outs, blocked bots), as the providers report them."""

import time
from collections.abc import Callable
from typing import Any, Final

from sandbox.books.witness import Provider
from sandbox.webhooks import gupshup, rbm, telegram, twilio, vonage
from sandbox.webhooks.bodies import contact, encoded, meta_change

Write = Callable[[str, str, dict[str, Any], int], bytes]
"""Takes account, sender, the control call's body and a unique number; raises ValueError."""


def meta_text(account: str, sender: str, body: dict[str, Any], number: int) -> bytes:
    wa_id = sender.lstrip("+")
    message: dict[str, Any] = {
        "from": wa_id,
        "id": f"wamid.inbound.{number}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": _text(body)},
    }
    if body.get("in_reply_to"):
        message["context"] = {"id": str(body["in_reply_to"])}
    value = {"contacts": [contact(wa_id)], "messages": [message]}
    return meta_change(account, "messages", value)


def meta_preference(account: str, sender: str, body: dict[str, Any], _: int) -> bytes:
    """The recipient stops, or resumes, marketing messages."""
    wa_id, choice = sender.lstrip("+"), body.get("value", "stop")
    if choice not in ("stop", "resume"):
        raise ValueError("value must be stop or resume")
    preference = {
        "wa_id": wa_id,
        "detail": f"User requested to {choice} marketing messages",
        "category": "marketing_messages",
        "value": choice,
        "timestamp": int(time.time()),
    }
    value = {"contacts": [contact(wa_id)], "user_preferences": [preference]}
    return meta_change(account, "user_preferences", value)


def telegram_text(_: str, sender: str, body: dict[str, Any], number: int) -> bytes:
    return encoded(telegram.message_update(number, sender, _text(body)))


def telegram_member(account: str, sender: str, body: dict[str, Any], number: int) -> bytes:
    status = body.get("status", "kicked")
    if status not in ("kicked", "member"):
        raise ValueError("status must be kicked or member")
    return encoded(telegram.member_update(number, account, sender, status))


def telegram_pressed(_: str, sender: str, body: dict[str, Any], number: int) -> bytes:
    """A press on a button: its `data`, the `message_id` of its message, its `text`."""
    if not isinstance(body.get("data"), str) or not isinstance(body.get("message_id"), int):
        raise ValueError("data and message_id are required")  # noqa: TRY004 - becomes a 400
    return encoded(telegram.pressed_update(number, sender, body))


def twilio_text(account: str, sender: str, body: dict[str, Any], number: int) -> bytes:
    """A text to the number `to`; STOP, START and HELP carry Twilio's OptOutType."""
    return twilio.reply(account, sender, str(body.get("to", "")), _text(body), number)


def rbm_text(account: str, sender: str, body: dict[str, Any], number: int) -> bytes:
    return rbm.reply(account, sender, _text(body), number)


def rbm_event(account: str, sender: str, body: dict[str, Any], number: int) -> bytes:
    kind = body.get("type", "UNSUBSCRIBE")
    if kind not in rbm.EVENTS:
        raise ValueError(f"type must be one of {', '.join(rbm.EVENTS)}")
    return rbm.event(account, sender, kind, number)


def vonage_text(account: str, sender: str, body: dict[str, Any], number: int) -> bytes:
    """A text to the number `to`."""
    return vonage.reply(account, sender, str(body.get("to", "")), _text(body), number)


def gupshup_text(account: str, sender: str, body: dict[str, Any], number: int) -> bytes:
    return gupshup.reply(account, sender, _text(body), number, time.time())


def _text(body: dict[str, Any]) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not text:
        raise ValueError("text is required")
    return text


INBOUND: Final[dict[tuple[Provider, str], Write]] = {
    (Provider.META, "text"): meta_text,
    (Provider.META, "user_preferences"): meta_preference,
    (Provider.TELEGRAM, "text"): telegram_text,
    (Provider.TELEGRAM, "my_chat_member"): telegram_member,
    (Provider.TELEGRAM, "callback_query"): telegram_pressed,
    (Provider.TWILIO, "text"): twilio_text,
    (Provider.VONAGE, "text"): vonage_text,
    (Provider.GUPSHUP, "text"): gupshup_text,
    (Provider.RBM, "text"): rbm_text,
    (Provider.RBM, "user_event"): rbm_event,
}
