"""Lists the parameters of a template, and builds its content from their values.

Keys of a broadcast's `template_params`: "1", "2" or a name for the body, "header_1" or
"header_<name>" for a header's text, "header_media" for the URL of its medium, "button_<index>" for
the suffix of a URL button or the code of a copy-code button. Keys of a carousel's card begin with
"card_<index>_". A one-time password is the body's "1"; its button takes the same value.
"""

import re
from collections.abc import Mapping
from itertools import chain

from api.errors import InvalidInput
from channels.platforms import Category
from channels.port.messages import ButtonParameter, Card, Parameter, ParameterKind, TemplateContent
from templates_wa.models import ParameterFormat, WhatsAppTemplate
from templates_wa.rules.parts import Part, cards_of, message_of, parts_of, placeholders

MAX_HEADER_VALUE = 60
MAX_BODY_VALUE, MAX_BODY_VALUE_ALONE = 1024, 32_768
"""Characters; the second limit applies if only the body has parameters."""
OUTSIDE_BODY = re.compile(r"(card_[0-9]+_)?(header|button)_")
MAX_CODE = 15
"""Characters of a one-time password, and of a coupon's code."""


class TemplateParamsWrong(InvalidInput):
    """Parameters are missing or too many; both are listed in `data`."""

    code = "template_params_wrong"


def is_body_text(key: str) -> bool:
    """True if a parameter's value is shown in a body, where recipients can tap its links."""
    return OUTSIDE_BODY.match(key) is None


def required_parameters(template: WhatsAppTemplate) -> list[str]:
    """The exact keys that `template_params` and the template's defaults must have together."""
    return list(dict.fromkeys(chain.from_iterable(keys_of(part) for part in parts_of(template))))


def keys_of(part: Part) -> list[str]:
    """Keys of a part, in the order of its header, body and buttons."""
    header = [f"header_{name}" for name in placeholders(part.header_text)]
    keys = [*(["header_media"] if part.has_medium else header), *placeholders(part.body)]
    keys += [key for _, key in _buttons_with_value(part).values()]
    return [part.prefix + key for key in keys]


def check_params(template: WhatsAppTemplate, params: Mapping[str, str]) -> None:
    """Raises TemplateParamsWrong unless exactly the required parameters have a value."""
    required = required_parameters(template)
    missing = [key for key in required if not params.get(key, "").strip()]
    surplus = [key for key in params if key not in required]
    if missing or surplus:
        details = [f"missing: {', '.join(missing)}"] if missing else []
        details += [f"too many: {', '.join(surplus)}"] if surplus else []
        raise TemplateParamsWrong(
            f"Parameters of template {template.name}: {'; '.join(details)}.",
            attr="template_params",
            data={"missing": missing, "surplus": surplus, "required": required},
        )
    if template.category == Category.AUTHENTICATION:
        _check_code(params)


def _check_code(params: Mapping[str, str]) -> None:
    """Check the code's length. A code with variables is known only per recipient: not checked."""
    code = params.get("1", "")
    if "{{" not in code and len(code) > MAX_CODE:
        raise TemplateParamsWrong(
            f"A one-time password has at most {MAX_CODE} characters.", attr="template_params"
        )


def longest_values(template: WhatsAppTemplate) -> dict[str, int]:
    """Maximum characters of a value at Meta, for each parameter that has a limit.

    Source: the parameter's text object in Meta's message reference; for codes, its pages on
    template components and authentication templates.
    """
    if template.category == Category.AUTHENTICATION:
        return {"1": MAX_CODE}
    required = required_parameters(template)
    body = placeholders(template.body)
    most = MAX_BODY_VALUE_ALONE if tuple(required) == body else MAX_BODY_VALUE
    headers = [f"header_{name}" for name in placeholders(template.header_text)]
    buttons = _buttons_with_value(message_of(template)).values()
    codes = [key for sub_type, key in buttons if sub_type == "copy_code"]
    texts = dict.fromkeys(headers, MAX_HEADER_VALUE) | dict.fromkeys(body, most)
    return texts | dict.fromkeys(codes, MAX_CODE)


def build_content(template: WhatsAppTemplate, values: Mapping[str, str]) -> TemplateContent:
    """The template filled with values, in the form that adapters take."""
    is_named = template.parameter_format == ParameterFormat.NAMED
    message = _filled(message_of(template), values, is_named=is_named)
    return TemplateContent(
        name=template.name,
        language=template.language,
        provider_template_id=template.provider_template_id,
        header=message.header,
        body=message.body,
        buttons=message.buttons,
        cards=tuple(_filled(card, values, is_named=is_named) for card in cards_of(template)),
    )


def _filled(part: Part, values: Mapping[str, str], *, is_named: bool) -> Card:
    def value(key: str) -> str:
        return values.get(part.prefix + key, "")

    header = tuple(
        Parameter(value=value(f"header_{name}"), name=name if is_named else "")
        for name in placeholders(part.header_text)
    )
    if part.has_medium:
        kind = ParameterKind(part.header_format.lower())
        header = (Parameter(value=value("header_media"), kind=kind),)
    body = tuple(
        Parameter(value=value(name), name=name if is_named else "")
        for name in placeholders(part.body)
    )
    buttons = tuple(
        ButtonParameter(index=index, value=value(key), sub_type=sub_type)
        for index, (sub_type, key) in _buttons_with_value(part).items()
    )
    return Card(header=header, body=body, buttons=buttons)


def _buttons_with_value(part: Part) -> dict[int, tuple[str, str]]:
    """Maps the index of each button that takes a value to (adapter's sub_type, parameter key)."""
    buttons: dict[int, tuple[str, str]] = {}
    for index, button in enumerate(part.buttons):
        if button.get("type") == "COPY_CODE":
            buttons[index] = ("copy_code", f"button_{index}")
        elif button.get("type") == "OTP":
            buttons[index] = ("url", "1")  # Meta takes it as a URL button with the code as suffix
        elif button.get("type") == "URL" and placeholders(button.get("url", "")):
            buttons[index] = ("url", f"button_{index}")
    return buttons
