"""Which buttons a template may have, and what they may say.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates/components.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from templates_wa.models import WhatsAppTemplate
from templates_wa.rules.problem import Problem
from templates_wa.rules.texts import is_not_plain

PHONE = re.compile(r"\+?[0-9]{5,20}")
MAX_BUTTONS = 10
MAX_TEXT = 25
MAX_URL = 2000
MAX_OF_TYPE = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "QUICK_REPLY": 10, "OTP": 1}
KEYS: Mapping[str, frozenset[str]] = {
    "QUICK_REPLY": frozenset({"type", "text"}),
    "URL": frozenset({"type", "text", "url"}),
    "PHONE_NUMBER": frozenset({"type", "text", "phone_number"}),
    "COPY_CODE": frozenset({"type", "text"}),
    "OTP": frozenset({
        "type",
        "text",
        "otp_type",
        "autofill_text",
        "supported_apps",
        "package_name",
        "signature_hash",
        "zero_tap_terms_accepted",
    }),
}  # fmt: skip
NOT_TEXTS = frozenset({"supported_apps", "zero_tap_terms_accepted"})


def buttons(template: WhatsAppTemplate) -> Iterator[Problem]:
    found = list(listed(template.buttons, attr="buttons", known=tuple(KEYS)))
    yield from found
    if not found:
        yield from _together([str(each["type"]) for each in template.buttons])
        yield from plain(template, template.buttons, attr="buttons")


def plain(
    template: WhatsAppTemplate, told: Sequence[Mapping[str, Any]], *, attr: str
) -> Iterator[Problem]:
    for index, each in enumerate(told):
        if is_not_plain(template, str(each.get("text", ""))):
            yield Problem(f"{attr}.{index}.text", "A button has no line breaks and no emojis.")


def listed(told: Any, *, attr: str, known: Sequence[str]) -> Iterator[Problem]:
    """Each of a list of buttons by itself; `known`: the types that may stand there."""
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        yield Problem(attr, "A list of objects.")
        return
    if len(told) > MAX_BUTTONS:
        yield Problem(attr, f"At most {MAX_BUTTONS} buttons.")
        return
    for index, each in enumerate(told):
        yield from _button(f"{attr}.{index}", each, known)


def _together(types: list[str]) -> Iterator[Problem]:
    for kind, most in MAX_OF_TYPE.items():
        if types.count(kind) > most:
            yield Problem("buttons", f"At most {most} of type {kind}.")
    runs = [is_reply for is_reply, _ in groupby(kind == "QUICK_REPLY" for kind in types)]
    if runs.count(True) > 1 or runs.count(False) > 1:
        yield Problem("buttons", "Quick replies stand together, not between other buttons.")


def _button(attr: str, button: dict[str, Any], known: Sequence[str]) -> Iterator[Problem]:
    kind = button.get("type")
    if not isinstance(kind, str) or kind not in known:
        yield Problem(f"{attr}.type", f"One of {', '.join(known)}.")
        return
    if not button.keys() <= KEYS[kind]:
        yield Problem(attr, f"{kind} has {', '.join(sorted(KEYS[kind]))} and no more.")
    if not all(isinstance(button[key], str) for key in button.keys() - NOT_TEXTS):
        yield Problem(attr, "Every value is a text.")
        return
    text = button.get("text", "")
    if len(text) > MAX_TEXT or "{{" in text:
        yield Problem(f"{attr}.text", f"At most {MAX_TEXT} characters, no parameters.")
    if not text.strip() and kind not in {"COPY_CODE", "OTP"}:
        yield Problem(f"{attr}.text", "A button needs a text.")
    if kind == "PHONE_NUMBER" and not PHONE.fullmatch(button.get("phone_number", "")):
        yield Problem(f"{attr}.phone_number", "A number such as +491701234567.")
    if kind == "URL" and (wrong := _wrong_url(button.get("url", ""))):
        yield Problem(f"{attr}.url", wrong)


def _wrong_url(url: str) -> str:
    fixed = url.removesuffix("{{1}}")
    if "{{" in fixed or "}}" in fixed:
        return "One parameter at most, {{1}}, at its end."
    if len(url) > MAX_URL or any(letter.isspace() for letter in url):
        return f"At most {MAX_URL} characters, without spaces."
    try:
        parts = urlsplit(fixed)
    except ValueError:
        return "A web address such as https://shop.example/."
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "A web address such as https://shop.example/."
    return ""
