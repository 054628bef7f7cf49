"""Rules for the buttons of a template.

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
    problems = list(listed(template.buttons, attr="buttons", types=tuple(KEYS)))
    yield from problems
    if not problems:
        yield from _combination([str(button["type"]) for button in template.buttons])
        yield from plain(template, template.buttons, attr="buttons")


def plain(
    template: WhatsAppTemplate, buttons: Sequence[Mapping[str, Any]], *, attr: str
) -> Iterator[Problem]:
    """Problems of button texts with line breaks or emojis."""
    for index, button in enumerate(buttons):
        if is_not_plain(template, str(button.get("text", ""))):
            yield Problem(f"{attr}.{index}.text", "A button has no line breaks and no emojis.")


def listed(value: Any, *, attr: str, types: Sequence[str]) -> Iterator[Problem]:
    """Problems of single buttons in a list; `types` are the button types allowed there."""
    if not isinstance(value, list) or not all(isinstance(button, dict) for button in value):
        yield Problem(attr, "A list of objects.")
        return
    if len(value) > MAX_BUTTONS:
        yield Problem(attr, f"At most {MAX_BUTTONS} buttons.")
        return
    for index, button in enumerate(value):
        yield from _button(f"{attr}.{index}", button, types)


def _combination(types: list[str]) -> Iterator[Problem]:
    for kind, most in MAX_OF_TYPE.items():
        if types.count(kind) > most:
            yield Problem("buttons", f"At most {most} of type {kind}.")
    runs = [is_reply for is_reply, _ in groupby(kind == "QUICK_REPLY" for kind in types)]
    if runs.count(True) > 1 or runs.count(False) > 1:
        yield Problem("buttons", "Quick replies stand together, not between other buttons.")


def _button(attr: str, button: dict[str, Any], types: Sequence[str]) -> Iterator[Problem]:
    kind = button.get("type")
    if not isinstance(kind, str) or kind not in types:
        yield Problem(f"{attr}.type", f"One of {', '.join(types)}.")
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
    if kind == "URL" and (detail := _url_problem(button.get("url", ""))):
        yield Problem(f"{attr}.url", detail)


def _url_problem(url: str) -> str:
    """A text for the user; "" if the URL is right."""
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
