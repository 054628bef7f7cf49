"""Which values a template needs, and the content that they make.

The keys of a broadcast's `template_params`: "1", "2" or a name for the body, "header_1" or
"header_<name>" for a header's text, "header_media" for its medium's URL, "button_<index>" for a URL
button's suffix or the code of a copy-code button.
"""

import re
from collections.abc import Mapping

from channels.adapter import ButtonParameter, Parameter, ParameterKind, TemplateContent
from templates_wa.models import HeaderFormat, ParameterFormat, WhatsAppTemplate
from tenants.errors import InvalidInput

MAX_HEADER_VALUE = 60
MAX_BODY_VALUE, MAX_BODY_VALUE_ALONE = 1024, 32_768
"""The second where nothing but the body has parameters."""
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class TemplateParamsWrong(InvalidInput):
    """Parameters are missing or too many; both are listed in `data`."""

    code = "template_params_wrong"


def placeholders(text: str) -> list[str]:
    """The parameters in a template's text, each once, in order."""
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))


def required_parameters(template: WhatsAppTemplate) -> list[str]:
    """All keys that `template_params` must hold, and no others."""
    header = [f"header_{name}" for name in placeholders(template.header_text)]
    if template.header_format not in {HeaderFormat.NONE, HeaderFormat.TEXT}:
        header = ["header_media"]
    buttons = [f"button_{index}" for index in _buttons_with_value(template)]
    return [*header, *placeholders(template.body), *buttons]


def check_params(template: WhatsAppTemplate, params: Mapping[str, str]) -> None:
    """Raises TemplateParamsWrong unless exactly the required parameters have a value."""
    required = required_parameters(template)
    missing = [key for key in required if not params.get(key, "").strip()]
    surplus = [key for key in params if key not in required]
    if missing or surplus:
        said = [f"missing: {', '.join(missing)}"] if missing else []
        said += [f"too many: {', '.join(surplus)}"] if surplus else []
        raise TemplateParamsWrong(
            f"Parameters of template {template.name}: {'; '.join(said)}.",
            attr="template_params",
            data={"missing": missing, "surplus": surplus, "required": required},
        )


def longest_values(template: WhatsAppTemplate) -> dict[str, int]:
    """Characters that Meta takes at most as a parameter's value, for those texts that have a limit.

    Source: the text object of a parameter in Meta's reference of messages.
    """
    required = required_parameters(template)
    body = placeholders(template.body)
    most = MAX_BODY_VALUE_ALONE if required == body else MAX_BODY_VALUE
    headers = [f"header_{name}" for name in placeholders(template.header_text)]
    return dict.fromkeys(headers, MAX_HEADER_VALUE) | dict.fromkeys(body, most)


def build_content(template: WhatsAppTemplate, values: Mapping[str, str]) -> TemplateContent:
    """The template with these values, as an adapter takes it."""
    is_named = template.parameter_format == ParameterFormat.NAMED
    return TemplateContent(
        name=template.name,
        language=template.language,
        provider_template_id=template.provider_template_id,
        header=_header(template, values, is_named=is_named),
        body=tuple(
            Parameter(value=values.get(name, ""), name=name if is_named else "")
            for name in placeholders(template.body)
        ),
        buttons=tuple(
            ButtonParameter(index=index, value=values.get(f"button_{index}", ""), sub_type=kind)
            for index, kind in _buttons_with_value(template).items()
        ),
    )


def _header(
    template: WhatsAppTemplate, values: Mapping[str, str], *, is_named: bool
) -> tuple[Parameter, ...]:
    if template.header_format in {HeaderFormat.NONE, HeaderFormat.TEXT}:
        return tuple(
            Parameter(value=values.get(f"header_{name}", ""), name=name if is_named else "")
            for name in placeholders(template.header_text)
        )
    kind = ParameterKind(template.header_format.lower())
    return (Parameter(value=values.get("header_media", ""), kind=kind),)


def _buttons_with_value(template: WhatsAppTemplate) -> dict[int, str]:
    """Index → the adapter's sub_type, for the buttons that take a value."""
    found: dict[int, str] = {}
    for index, button in enumerate(template.buttons):
        if button.get("type") == "COPY_CODE":
            found[index] = "copy_code"
        elif button.get("type") == "OTP":
            found[index] = "url"  # a one-time password's button takes the code as its suffix
        elif button.get("type") == "URL" and PLACEHOLDER.search(button.get("url", "")):
            found[index] = "url"
    return found
