"""A template as a recipient would read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from templates_wa.models import HeaderFormat, WhatsAppTemplate
from templates_wa.parameters import PLACEHOLDER, required_parameters


@dataclass(frozen=True, slots=True)
class Preview:
    """`missing`: parameters without a value, shown as they are written."""

    header: str
    header_media: str
    body: str
    footer: str
    buttons: list[dict[str, Any]]
    missing: list[str]


def preview(template: WhatsAppTemplate, values: Mapping[str, str]) -> Preview:
    """With these values, else the template's samples."""
    known = {**template.examples, **values}
    is_text = template.header_format == HeaderFormat.TEXT
    return Preview(
        header=_filled(template.header_text, known, prefix="header_") if is_text else "",
        header_media=known.get("header_media", ""),
        body=_filled(template.body, known),
        footer=template.footer,
        buttons=[_button(index, each, known) for index, each in enumerate(template.buttons)],
        missing=[key for key in required_parameters(template) if not known.get(key)],
    )


def _filled(text: str, values: Mapping[str, str], *, prefix: str = "") -> str:
    return PLACEHOLDER.sub(lambda found: values.get(prefix + found[1]) or found[0], text)


def _button(index: int, button: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    value = values.get(f"button_{index}", "")
    shown = {key: button[key] for key in ("type", "text", "url", "phone_number") if key in button}
    if "url" in shown and value:
        shown["url"] = PLACEHOLDER.sub(lambda _: value, shown["url"])
    if button.get("type") in {"COPY_CODE", "OTP"}:
        shown["code"] = value
    return shown
