"""Checks a message's form as Vonage does; gives the number and text of the first problem."""

import re
from collections.abc import Mapping
from typing import Final

from smsutil import is_valid_gsm

MAX_TEXT: Final = 1600
"""Characters; our own limit, because Vonage documents that a limit exists but no number."""
MAX_REFERENCE: Final = 100
TO: Final = re.compile(r"[1-9][0-9]{6,14}")
FROM: Final = re.compile(r"[1-9][0-9]{4,14}|[A-Za-z0-9 ]{1,11}")
TTL: Final = range(20_000, 604_800_001)
"""Milliseconds."""
URL: Final = re.compile(r"https?://.{1,92}")
KNOWN: Final = frozenset(
    {"to", "from", "text", "type", "callback", "client-ref", "content-id", "entity-id", "ttl"}
)

Problem = tuple[str, str]


def message_problem(form: Mapping[str, str]) -> Problem | None:
    missing = [name for name in ("from", "to", "text") if not form.get(name)]
    if missing:
        return "2", f"Missing {missing[0]} param"
    if unknown := sorted(set(form) - KNOWN):
        return "3", f"Unknown param {unknown[0]}"
    return _addresses(form) or _text(form) or _reference(form)


def _addresses(form: Mapping[str, str]) -> Problem | None:
    if not TO.fullmatch(form["to"]):
        return "3", "to address is not numeric"
    if not FROM.fullmatch(form["from"]):
        return "15", "Illegal Sender Address - rejected"
    return None


def _text(form: Mapping[str, str]) -> Problem | None:
    kind = form.get("type", "text")
    if kind not in ("text", "unicode"):
        return "3", "Invalid value for param: type"
    # Vonage would replace other characters by question marks.
    if kind == "text" and not is_valid_gsm(form["text"]):
        return "3", "The text is not of the GSM alphabet"
    if len(form["text"]) > MAX_TEXT:
        return "12", "Invalid message, too long"
    return None


def _reference(form: Mapping[str, str]) -> Problem | None:
    if len(form.get("client-ref", "")) > MAX_REFERENCE:
        return "3", "Invalid value for param: client-ref"
    if "callback" in form and not URL.fullmatch(form["callback"]):
        return "23", "Invalid callback url"
    ttl = form.get("ttl", "20000")
    if not ttl.isdecimal() or int(ttl[:12]) not in TTL:
        return "3", "Invalid value for param: ttl"
    return None
