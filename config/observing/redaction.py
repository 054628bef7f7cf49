"""Removes credentials, addresses, texts and link tokens from every log line.

Our code does not log them; this protects against a library that does.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

HIDDEN = "[hidden]"

_SECRET_WORDS = frozenset(
    {
        "address",
        "authorization",
        "body",
        "cookie",
        "credentials",
        "email",
        "headers",
        "key",
        "keys",
        "params",
        "password",
        "payload",
        "phone",
        "secret",
        "secrets",
        "text",
        "token",
        "variables",
    }
)
# A key with one of these words is harmless although it holds one of the above.
_HARMLESS_KEYS = frozenset({"routing_key", "event_key"})

_SECRET_PATTERNS = (
    # A query string may hold a phone number, a search or a webhook's verify token.
    (re.compile(r"\?[^\s\"']+"), f"?{HIDDEN}"),
    # The secret parts of our paths: codes of links and unsubscriptions, tokens of webhooks. A test
    # compares them with the URL table.
    (re.compile(r"(/(?:r|u|webhooks?/[a-z0-9_]+)/)[^/\s\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"\+[1-9]\d{6,14}\b"), HIDDEN),  # E.164
    (re.compile(r"(?<!\d)\d{6,12}:[\w-]{30,}"), HIDDEN),  # a Telegram bot's token
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"(://[^:@/\s]*:)[^@/\s]+@"), rf"\1{HIDDEN}@"),  # a password in a URL
    # PostgreSQL quotes the offending row after an error.
    (re.compile(r"(DETAIL: ).*"), rf"\1{HIDDEN}"),
)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor."""
    for name, value in event.items():
        event[name] = _without_secrets(name, value)
    return event


def _without_secrets(name: str, value: Any) -> Any:
    if _is_secret(name):
        return HIDDEN
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, Mapping):
        return {key: _without_secrets(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets("", item) for item in value]
    return value


def _is_secret(name: str) -> bool:
    words = re.split(r"[_\W]+", name.lower())
    return name not in _HARMLESS_KEYS and not _SECRET_WORDS.isdisjoint(words)


def _clean(text: str) -> str:
    for pattern, replacement in _SECRET_PATTERNS:
        text = pattern.sub(replacement, text)
    return text
