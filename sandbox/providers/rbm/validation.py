"""Checks an agent's message by the rules of Google's published models, written by hand.

The checks are stricter than the models where Google's guide is: the length of a suggestion's text,
and one content per message.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TTL: Final = re.compile(r"[0-9]+(\.[0-9]{1,9})?s")
MAX_TTL: Final = 15 * 86_400
MAX_TEXT: Final = 3072
MAX_DESCRIPTION: Final = 2000
MAX_SUGGESTIONS: Final = 11
MAX_SUGGESTION: Final = 25
NO_FILE: Final = {"fileUrl": "https://a.test"}
CONTENTS: Final = frozenset({"text", "richCard", "contentInfo", "uploadedRbmFile"})


def message_problem(body: Any) -> str:
    """The first problem of an AgentMessage; '' if it has none."""
    if not isinstance(body, dict) or set(body) - {"contentMessage", "ttl"}:
        return "Unknown name in the message."
    ttl = body.get("ttl", "1s")
    if not isinstance(ttl, str) or not TTL.fullmatch(ttl):
        return "Illegal duration format; duration must end with 's'."
    if float(ttl.rstrip("s")) > MAX_TTL:
        return "ttl must be at most 15 days."
    content = body.get("contentMessage")
    if not isinstance(content, dict) or set(content) - CONTENTS - {"suggestions"}:
        return "Unknown name in contentMessage."
    if len(CONTENTS & set(content)) != 1:
        return "contentMessage needs exactly one content."
    return (
        _text(content)
        or _card(content)
        or _file(content)
        or _suggestions(content.get("suggestions", []))
    )


def _text(content: Mapping[str, Any]) -> str:
    text = content.get("text", "-")
    is_valid = isinstance(text, str) and 0 < len(text) <= MAX_TEXT
    return "" if is_valid else "Text must have 1 to 3072 characters."


def _card(content: Mapping[str, Any]) -> str:
    match content.get("richCard"):
        case None:
            return ""
        case {"standaloneCard": {"cardContent": {"media": {"contentInfo": info}} as card}}:
            text = card.get("description", "")
            if not isinstance(text, str) or len(text) > MAX_DESCRIPTION:
                return "A card's description must have at most 2000 characters."
            return "" if _is_url(info) else "fileUrl must be a URL."
    return "Invalid rich card."


def _file(content: Mapping[str, Any]) -> str:
    return "" if _is_url(content.get("contentInfo", NO_FILE)) else "fileUrl must be a URL."


def _is_url(info: Any) -> bool:
    url = info.get("fileUrl") if isinstance(info, dict) else None
    return isinstance(url, str) and url.startswith(("http://", "https://"))


def _suggestions(suggestions: Any) -> str:
    if not isinstance(suggestions, list) or len(suggestions) > MAX_SUGGESTIONS:
        return "At most 11 suggestions."
    is_valid = all(_is_suggestion(suggestion) for suggestion in suggestions)
    return "" if is_valid else "Invalid suggestion."


def _is_suggestion(suggestion: Any) -> bool:
    match suggestion:
        case {"reply": {"text": str(text), "postbackData": str()}}:
            return 0 < len(text) <= MAX_SUGGESTION
        case {"action": {"text": str(text), "postbackData": str()} as action}:
            return 0 < len(text) <= MAX_SUGGESTION and _is_action(action)
    return False


def _is_action(action: dict[str, Any]) -> bool:
    match action:
        case {"openUrlAction": {"url": str()}} | {"dialAction": {"phoneNumber": str()}}:
            return True
    return False
