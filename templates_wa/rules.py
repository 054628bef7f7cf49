"""What Meta would refuse in a template, known before it is submitted.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from channels.platforms import Category
from templates_wa.models import HeaderFormat, ParameterFormat, WhatsAppTemplate
from templates_wa.parameters import PLACEHOLDER, placeholders, required_parameters
from tenants.errors import InvalidInput

NAME = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,4})?")
EXACT_PLACEHOLDER = re.compile(r"\{\{(?:[1-9][0-9]{0,2}|[a-z_][a-z0-9_]{0,99})\}\}")
LINE_BREAK = re.compile(r"[\n\r]")
PHONE = re.compile(r"\+?[0-9]{5,20}")
MAX_BODY = 1024
MAX_LINE = 60
"""Characters of a header's text, and of a footer."""
MAX_BUTTONS = 10
MAX_BUTTON_TEXT = 25
MAX_URL = 2000
MAX_CODE = 15
MAX_EXAMPLE = 1024
MAX_OF_TYPE = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "QUICK_REPLY": 10, "OTP": 1}
BUTTON_KEYS = {
    "QUICK_REPLY": {"type", "text"},
    "URL": {"type", "text", "url"},
    "PHONE_NUMBER": {"type", "text", "phone_number"},
    "COPY_CODE": {"type", "text"},
    "OTP": {"type", "text", "otp_type"},
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and in which field."""

    attr: str
    detail: str


class TemplateInvalid(InvalidInput):
    """The provider would refuse this template; every problem is in `data`."""

    code = "template_invalid"


def check(template: WhatsAppTemplate) -> None:
    """Raises TemplateInvalid for a text that could never be approved."""
    _refuse(problems(template))


def check_for_review(template: WhatsAppTemplate) -> None:
    """As `check`, and whether there is a sample of every parameter, as reviewers need it."""
    _refuse([*problems(template), *_examples_missing(template)])


def problems(template: WhatsAppTemplate) -> list[Problem]:
    """All that can be known of a template without its provider."""
    return [problem for rule in RULES for problem in rule(template)]


def _refuse(found: list[Problem]) -> None:
    if not found:
        return
    listed = [{"attr": each.attr, "detail": each.detail} for each in found]
    raise TemplateInvalid(found[0].detail, attr=found[0].attr, data={"problems": listed})


# --- the rules ----------------------------------------------------------------------------------


def _name(template: WhatsAppTemplate) -> Iterator[Problem]:
    if not NAME.fullmatch(template.name):
        yield Problem("name", "Small letters, digits and underscores, at most 512.")
    if not LANGUAGE.fullmatch(template.language):
        yield Problem("language", "As Meta writes it: en, en_US, pt_BR.")


def _header(template: WhatsAppTemplate) -> Iterator[Problem]:
    text = template.header_text
    if template.header_format != HeaderFormat.TEXT:
        if text:
            yield Problem("header_text", "Only a header of format TEXT has a text.")
        return
    if not text.strip():
        yield Problem("header_text", "A header of format TEXT needs a text.")
    if len(text) > MAX_LINE:
        yield Problem("header_text", f"At most {MAX_LINE} characters.")
    if LINE_BREAK.search(text) or "*" in text:
        yield Problem("header_text", "A header has no line breaks and no formatting.")
    if len(placeholders(text)) > 1:
        yield Problem("header_text", "A header has one parameter at most.")
    yield from _parameters(template, "header_text", text)


def _body(template: WhatsAppTemplate) -> Iterator[Problem]:
    text = template.body.strip()
    if not text:
        yield Problem("body", "A template needs a body.")
    if len(template.body) > MAX_BODY:
        yield Problem("body", f"At most {MAX_BODY} characters.")
    yield from _parameters(template, "body", template.body)
    if template.category == Category.AUTHENTICATION:
        return  # its text is Meta's, which may begin with the code
    if text.startswith("{{") or text.endswith("}}"):
        yield Problem("body", "A body neither begins nor ends with a parameter.")


def _footer(template: WhatsAppTemplate) -> Iterator[Problem]:
    if len(template.footer) > MAX_LINE:
        yield Problem("footer", f"At most {MAX_LINE} characters.")
    if "{{" in template.footer or "}}" in template.footer:
        yield Problem("footer", "A footer has no parameters.")


def _parameters(template: WhatsAppTemplate, attr: str, text: str) -> Iterator[Problem]:
    rest = EXACT_PLACEHOLDER.sub("", text)
    if "{{" in rest or "}}" in rest:
        yield Problem(attr, "Parameters are written {{1}} or {{first_name}}, without spaces.")
        return
    names = placeholders(text)
    numbers = [int(name) for name in names if name.isdecimal()]
    if numbers and len(numbers) < len(names):
        yield Problem(attr, "Numbered and named parameters cannot be mixed.")
    elif numbers and template.parameter_format == ParameterFormat.NAMED:
        yield Problem(attr, "parameter_format is NAMED, but the parameters are numbered.")
    elif len(names) > len(numbers) and template.parameter_format == ParameterFormat.POSITIONAL:
        yield Problem(attr, "parameter_format is POSITIONAL, but the parameters are named.")
    elif numbers and sorted(numbers) != list(range(1, len(numbers) + 1)):
        yield Problem(attr, "Numbered parameters count from {{1}} without a gap.")


def _buttons(template: WhatsAppTemplate) -> Iterator[Problem]:
    buttons = template.buttons
    if not isinstance(buttons, list) or not all(isinstance(each, dict) for each in buttons):
        yield Problem("buttons", "A list of objects.")
        return
    if len(buttons) > MAX_BUTTONS:
        yield Problem("buttons", f"At most {MAX_BUTTONS} buttons.")
        return
    found = [problem for index, each in enumerate(buttons) for problem in _button(index, each)]
    yield from found
    if not found:
        yield from _together([str(each["type"]) for each in buttons])


def _together(types: list[str]) -> Iterator[Problem]:
    for kind, most in MAX_OF_TYPE.items():
        if types.count(kind) > most:
            yield Problem("buttons", f"At most {most} of type {kind}.")
    runs = [is_reply for is_reply, _ in groupby(kind == "QUICK_REPLY" for kind in types)]
    if runs.count(True) > 1 or runs.count(False) > 1:
        yield Problem("buttons", "Quick replies stand together, not between other buttons.")


def _button(index: int, button: dict[str, Any]) -> Iterator[Problem]:
    attr, kind = f"buttons.{index}", button.get("type")
    if not isinstance(kind, str) or kind not in BUTTON_KEYS:
        yield Problem(f"{attr}.type", f"One of {', '.join(BUTTON_KEYS)}.")
        return
    if not button.keys() <= BUTTON_KEYS[kind]:
        yield Problem(attr, f"{kind} has {', '.join(sorted(BUTTON_KEYS[kind]))} and no more.")
    if not all(isinstance(value, str) for value in button.values()):
        yield Problem(attr, "Every value is a text.")
        return
    text = button.get("text", "")
    if len(text) > MAX_BUTTON_TEXT or "{{" in text:
        yield Problem(f"{attr}.text", f"At most {MAX_BUTTON_TEXT} characters, no parameters.")
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


def _examples(template: WhatsAppTemplate) -> Iterator[Problem]:
    examples = template.examples
    if not isinstance(examples, dict) or not all(isinstance(v, str) for v in examples.values()):
        yield Problem("examples", "An object of texts.")
        return
    for key, value in examples.items():
        if len(value) > MAX_EXAMPLE:
            yield Problem("examples", f"{str(key)[:100]}: at most {MAX_EXAMPLE} characters.")


def _examples_missing(template: WhatsAppTemplate) -> Iterator[Problem]:
    if not isinstance(template.examples, dict) or _any_buttons_malformed(template):
        return
    for key in required_parameters(template):
        value = str(template.examples.get(key, ""))
        if not value.strip():
            yield Problem("examples", f"A sample value for {key} is missing.")
        elif LINE_BREAK.search(value) or PLACEHOLDER.search(value):
            yield Problem("examples", f"{key}: no line breaks and no parameters.")
        elif _is_code(template, key) and len(value) > MAX_CODE:
            yield Problem("examples", f"{key}: a code has at most {MAX_CODE} characters.")


def _any_buttons_malformed(template: WhatsAppTemplate) -> bool:
    return any(True for _ in _buttons(template))


def _is_code(template: WhatsAppTemplate, key: str) -> bool:
    index = key.removeprefix("button_")
    is_button = key.startswith("button_") and index.isdecimal()
    return is_button and template.buttons[int(index)].get("type") == "COPY_CODE"


Rule = Callable[[WhatsAppTemplate], Iterator[Problem]]
RULES: tuple[Rule, ...] = (_name, _header, _body, _footer, _buttons, _examples)
