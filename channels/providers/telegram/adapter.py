"""The Telegram Bot API. It sends no receipts after accepting a message: SENT is final.

Source: core.telegram.org/bots/api.
"""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from channels.platforms import Platform
from channels.port.capabilities import Capabilities
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import (
    Button,
    ButtonKind,
    OutboundMessage,
    ParameterKind,
    SenderAccount,
    TextContent,
)
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.error_rules import by_status, json_object, retry_after, seconds, unmapped
from channels.providers.json_values import code_in
from channels.providers.telegram.errors import rule_for
from channels.providers.telegram.webhook import ALLOWED_UPDATES, TelegramWebhook

METHODS = {
    ParameterKind.IMAGE: ("sendPhoto", "photo"),
    ParameterKind.VIDEO: ("sendVideo", "video"),
    ParameterKind.DOCUMENT: ("sendDocument", "document"),
}
"""The method that sends a medium by its URL, and the parameter that holds the URL."""

MAX_CALLBACK_DATA = 64
"""Bytes of the value that a pressed button sends back."""


class TelegramBot:
    """Texts from a bot to chats that have started it."""

    provider = "telegram_bot"
    platforms = frozenset({Platform.TELEGRAM})
    default_base_url = "https://api.telegram.org"
    credential_names: tuple[str, ...] = ("bot_token",)
    account_scope: tuple[str, ...] = ()
    webhook_secret_names: tuple[str, ...] = ("secret_token",)
    capabilities = Capabilities(
        receipts=frozenset(),
        pair_interval=1.0,
        media=frozenset(METHODS),
        buttons=frozenset({ButtonKind.URL, ButtonKind.REPLY}),
        max_buttons=10,
        max_reply_bytes=MAX_CALLBACK_DATA,
        url_schemes=("https://", "http://", "tg://"),
    )
    token_grant = None
    webhook = TelegramWebhook()

    def account_of(self, credentials: Mapping[str, str]) -> str:
        bot, colon, _ = credentials.get("bot_token", "").partition(":")
        return bot if colon else ""

    def send_request(self, account: SenderAccount, message: OutboundMessage) -> HttpRequest:
        if not isinstance(message.content, TextContent):
            raise TypeError("Telegram has no templates.")
        chat_id = int(message.to) if message.to.lstrip("-").isdecimal() else message.to
        method, content = _content(message.content)
        return HttpRequest(
            method="POST",
            url=_method(account, method),
            json={"chat_id": chat_id, **content, **_keyboard(message.content.buttons)},
        )

    def send_outcome(self, response: HttpResponse) -> Outcome:
        match json_object(response.body):
            case {"ok": True, "result": {"message_id": int(number), "chat": {"id": int(chat)}}}:
                # A message_id is unique within its chat only, so our id includes the chat.
                return Outcome(OutcomeKind.ACCEPTED, provider_message_id=f"{chat}:{number}")
            case {"ok": False, **rest} | {"error_code": _, **rest}:
                return _refusal(response, rest)
        return by_status(response)

    def check_request(self, account: SenderAccount) -> HttpRequest:
        return HttpRequest(method="POST", url=_method(account, "getMe"))

    def check_outcome(self, response: HttpResponse) -> Outcome:
        match json_object(response.body):
            case {"ok": True, "result": {"id": int(number), "username": str(name)}}:
                return Outcome(OutcomeKind.ACCEPTED, message=f"@{name} ({number})")
            case {"ok": False, **rest} | {"error_code": _, **rest}:
                return _refusal(response, rest)
        return by_status(response)

    def acknowledge_request(self, account: SenderAccount, token: str) -> HttpRequest:
        """Without a text, the app shows nothing: the button only stops waiting."""
        return HttpRequest(
            method="POST",
            url=_method(account, "answerCallbackQuery"),
            json={"callback_query_id": token},
        )


def set_webhook_request(account: SenderAccount, *, url: str, secret_token: str) -> HttpRequest:
    """The request that registers `url` as the bot's webhook; see `set_webhook_outcome`.

    `secret_token`: 1 to 256 of A-Z, a-z, 0-9, _ and -.
    """
    return HttpRequest(
        method="POST",
        url=_method(account, "setWebhook"),
        json={
            "url": url,
            "secret_token": secret_token,
            "allowed_updates": list(ALLOWED_UPDATES),
        },
    )


def set_webhook_outcome(response: HttpResponse) -> Outcome:
    """ACCEPTED, or why Telegram did not register the webhook."""
    match json_object(response.body):
        case {"ok": True, "result": True}:
            return Outcome(OutcomeKind.ACCEPTED, message="Telegram will call the webhook.")
        case {"ok": False, **rest} | {"error_code": _, **rest}:
            return _refusal(response, rest)
    return by_status(response)


def _method(account: SenderAccount, name: str) -> str:
    """The path contains the token, so this URL must never be logged."""
    return f"{account.base_url}/bot{quote(account.credentials['bot_token'], safe=':')}/{name}"


def _content(content: TextContent) -> tuple[str, dict[str, str]]:
    """The method and its parameters. No parse_mode: a "<" or "*" in a name must break nothing."""
    if content.media is None:
        return "sendMessage", {"text": content.text}
    method, name = METHODS[content.media.kind]
    caption = {"caption": content.text} if content.text else {}
    return method, {name: content.media.url, **caption}


def _keyboard(buttons: tuple[Button, ...]) -> dict[str, Any]:
    """One button per row, so that no text is cut."""
    if not buttons:
        return {}
    return {"reply_markup": {"inline_keyboard": [[_button(button)] for button in buttons]}}


def _button(button: Button) -> dict[str, str]:
    """Telegram has no button that calls a number, and it refuses tel: URLs."""
    match button.kind:
        case ButtonKind.URL:
            return {"text": button.text, "url": button.value}
        case ButtonKind.REPLY if 0 < len(button.value.encode()) <= MAX_CALLBACK_DATA:
            return {"text": button.text, "callback_data": button.value}
    raise ValueError("Telegram has no such button.")


def _refusal(response: HttpResponse, rest: dict[str, Any]) -> Outcome:
    """The outcome of a refusal; without an error_code the HTTP status, which is the same, counts.

    A refusal with neither says nothing.
    """
    given = code_in(rest.get("error_code"))
    code = given if given is not None and given >= HTTPStatus.BAD_REQUEST else response.status
    if code < HTTPStatus.BAD_REQUEST:
        return by_status(response)
    description = str(rest.get("description", ""))
    rule = rule_for(code, description)
    if rule is None:
        outcome = unmapped(response, provider_code=str(code), message=description)
        # Every documented 403 concerns this bot in this chat; a bot that may not send gets 401.
        is_of_chat = code == HTTPStatus.FORBIDDEN
        return replace(outcome, cause=FailureCause.ROUTE) if is_of_chat else outcome
    match rest.get("parameters"):
        case {"retry_after": wait}:
            return rule.outcome(provider_code=str(code), retry_after=seconds(code_in(wait) or wait))
        case {"migrate_to_chat_id": given} if chat := code_in(given):
            moved = rule.outcome(provider_code=str(code))
            return replace(moved, kind=OutcomeKind.PASSING, moved_to=str(chat))
    return rule.outcome(provider_code=str(code), retry_after=retry_after(response))
