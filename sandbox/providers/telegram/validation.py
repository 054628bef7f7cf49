"""Checks a request's parameters as the Bot API does; gives the description of the first problem."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_CALLBACK_DATA: Final = 64
"""Bytes."""
URL_SCHEMES: Final = ("http://", "https://", "tg://")
"""Telegram refuses other schemes, such as tel:, in an inline keyboard."""
TOKEN: Final = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
SECRET_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
CHAT_ID: Final = re.compile(r"-?[0-9]{1,20}")
USERNAME: Final = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}")
PARSE_MODES: Final = frozenset({"markdown", "markdownv2", "html"})


def message_problem(parameters: Mapping[str, Any]) -> str:
    """The first problem of sendMessage's parameters; '' if they have none."""
    for check in (_unknown, _chat, _text, _parse_mode, _objects, _flags):
        if problem := check(parameters):
            return problem
    return ""


def media_problem(kind: str, parameters: Mapping[str, Any]) -> str:
    """The same for sendPhoto, sendVideo and sendDocument; `kind` is the file's parameter."""
    for check in (_chat, _parse_mode, _objects, _flags):
        if problem := check(parameters):
            return problem
    if unknown := sorted(set(parameters) - MESSAGE_KEYS - {kind, "caption"}):
        return f"Bad Request: unknown parameter {unknown[0]}"
    if not isinstance(parameters.get(kind), str) or not parameters[kind]:
        return "Bad Request: wrong file identifier/HTTP URL specified"
    caption = parameters.get("caption", "")
    if not isinstance(caption, str):
        return "Bad Request: caption must be a string"
    return "Bad Request: message caption is too long" if len(caption) > MAX_CAPTION else ""


def webhook_problem(parameters: Mapping[str, Any]) -> str:
    """Allows plain http, because a sandbox's targets are local; Telegram itself requires https."""
    if set(parameters) - WEBHOOK_KEYS:
        return "Bad Request: unknown parameter"
    url = parameters.get("url")
    if not isinstance(url, str):
        return "Bad Request: url is required"
    if url and not url.startswith(("http://", "https://")):
        return "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    secret = parameters.get("secret_token", "a")
    if not isinstance(secret, str) or not SECRET_TOKEN.fullmatch(secret):
        return "Bad Request: secret token contains unallowed characters"
    return ""


def _unknown(parameters: Mapping[str, Any]) -> str:
    unknown = sorted(set(parameters) - MESSAGE_KEYS)
    return f"Bad Request: unknown parameter {unknown[0]}" if unknown else ""


def _chat(parameters: Mapping[str, Any]) -> str:
    chat = parameters.get("chat_id")
    if chat in (None, ""):
        return "Bad Request: chat_id is empty"
    if isinstance(chat, bool) or not isinstance(chat, int | str):
        return "Bad Request: chat_id must be a number or text"
    text = str(chat)
    return "" if CHAT_ID.fullmatch(text) or USERNAME.fullmatch(text) else CHAT_NOT_FOUND


def _text(parameters: Mapping[str, Any]) -> str:
    text = parameters.get("text", "")
    if not isinstance(text, str):
        return "Bad Request: text must be a string"
    if not text.strip():
        return "Bad Request: message text is empty"
    return "Bad Request: message is too long" if len(text) > MAX_TEXT else ""


def _parse_mode(parameters: Mapping[str, Any]) -> str:
    mode = parameters.get("parse_mode", "")
    if mode == "":
        return ""
    is_known = isinstance(mode, str) and mode.lower() in PARSE_MODES
    return "" if is_known else "Bad Request: unsupported parse_mode"


def _objects(parameters: Mapping[str, Any]) -> str:
    for key, is_valid in OBJECTS.items():
        if key in parameters and not is_valid(parameters[key]):
            return f"Bad Request: can't parse {key} JSON object"
    return ""


def _flags(parameters: Mapping[str, Any]) -> str:
    for key in FLAGS:
        if not isinstance(parameters.get(key, False), bool):
            return f"Bad Request: {key} must be true or false"
    return ""


def _is_markup(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if "inline_keyboard" in value:
        return _are_rows(value["inline_keyboard"], _is_inline_button)
    if "keyboard" in value:
        return _are_rows(value["keyboard"], _is_button)
    return value.get("remove_keyboard") is True or value.get("force_reply") is True


def _are_rows(rows: Any, is_valid: Callable[[Any], bool]) -> bool:
    return isinstance(rows, list) and all(
        isinstance(row, list) and all(is_valid(button) for button in row) for row in rows
    )


def _is_button(button: Any) -> bool:
    return isinstance(button, dict) and isinstance(button.get("text"), str)


def _is_inline_button(button: Any) -> bool:
    if not _is_button(button):
        return False
    match button:
        case {"url": str(url)}:
            return url.startswith(URL_SCHEMES)
        case {"callback_data": str(data)}:
            return 0 < len(data.encode()) <= MAX_CALLBACK_DATA
    return False


def _is_preview(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(key, False), bool) for key in PREVIEW_FLAGS)
        and isinstance(value.get("url", ""), str)
    )


def _is_reply(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("message_id"), int)


CHAT_NOT_FOUND: Final = "Bad Request: chat not found"
FLAGS: Final = ("disable_notification", "protect_content", "allow_paid_broadcast")
PREVIEW_FLAGS: Final = (
    "is_disabled",
    "prefer_small_media",
    "prefer_large_media",
    "show_above_text",
)
OBJECTS: Final[dict[str, Callable[[Any], bool]]] = {
    "reply_markup": _is_markup,
    "link_preview_options": _is_preview,
    "reply_parameters": _is_reply,
    "entities": lambda value: isinstance(value, list),
    "suggested_post_parameters": lambda value: isinstance(value, dict),
}
MESSAGE_KEYS: Final = frozenset(
    {"business_connection_id", "chat_id", "message_thread_id", "direct_messages_topic_id", "text"}
    | {"parse_mode", "message_effect_id", *FLAGS, *OBJECTS}
)
WEBHOOK_KEYS: Final = frozenset(
    {"url", "certificate", "ip_address", "max_connections", "allowed_updates"}
    | {"drop_pending_updates", "secret_token"}
)
