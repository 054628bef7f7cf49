"""Converts templates to Meta's components and back.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates (components,
media card carousels, authentication templates), Graph API v23.0; facebook/openapi.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from channels.port.template_port import CardSpec, TemplateSpec

PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
MEDIA = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
AUTHENTICATION = "AUTHENTICATION"
OTP_URL = "https://www.whatsapp.com/otp/code/"
"""Meta turns an OTP button into a URL button with this address and lists it so."""
BUTTON_KEYS = (
    "type",
    "text",
    "url",
    "phone_number",
    "otp_type",
    "autofill_text",
    "supported_apps",
    "package_name",
    "signature_hash",
    "zero_tap_terms_accepted",
)

Json = Mapping[str, Any]
"""A JSON object of Meta's, as it was read: a template, a component, a card or a button."""
Component = dict[str, Any]
"""One of Meta's components as we send it: `type` (HEADER, BODY, …) and what belongs to the type."""
MetaButton = dict[str, Any]
"""A button within a BUTTONS component, in Meta's keys."""

# --- ours → Meta's ------------------------------------------------------------------------------


def content_of(spec: TemplateSpec) -> dict[str, Any]:
    """The template without its name and language, which never change."""
    named = {"parameter_format": "NAMED"} if spec.parameter_format == "NAMED" else {}
    is_code = spec.category == AUTHENTICATION
    components = _authentication(spec) if is_code else _components(spec)
    return {"category": spec.category, **named, "components": list(components)}


def _components(spec: TemplateSpec) -> Iterator[Component]:
    if spec.header_format == "TEXT":
        header = {"type": "HEADER", "format": "TEXT", "text": spec.header_text}
        yield header | _example(spec, "header_text", spec.header_text, prefix="header_")
    elif spec.header_format in MEDIA:
        yield _medium(spec, spec.header_format)
    yield {"type": "BODY", "text": spec.body} | _example(spec, "body_text", spec.body)
    if spec.footer:
        yield {"type": "FOOTER", "text": spec.footer}
    if spec.buttons:
        yield {"type": "BUTTONS", "buttons": _buttons(spec, spec.buttons)}
    if spec.cards:
        cards = [
            {"components": list(_card(spec, card, prefix=f"card_{index}_"))}
            for index, card in enumerate(spec.cards)
        ]
        yield {"type": "CAROUSEL", "cards": cards}


def _card(spec: TemplateSpec, card: CardSpec, *, prefix: str) -> Iterator[Component]:
    yield _medium(spec, card.header_format, prefix=prefix)
    if card.body:
        example = _example(spec, "body_text", card.body, prefix=prefix)
        yield {"type": "BODY", "text": card.body} | example
    if card.buttons:
        yield {"type": "BUTTONS", "buttons": _buttons(spec, card.buttons, prefix=prefix)}


def _authentication(spec: TemplateSpec) -> Iterator[Component]:
    yield {"type": "BODY", "add_security_recommendation": spec.add_security_recommendation}
    if spec.code_expiration_minutes is not None:
        yield {"type": "FOOTER", "code_expiration_minutes": spec.code_expiration_minutes}
    yield {"type": "BUTTONS", "buttons": [dict(button) for button in spec.buttons]}


def _medium(spec: TemplateSpec, kind: str, *, prefix: str = "") -> Component:
    handle = spec.examples.get(f"{prefix}header_media", "")
    return {"type": "HEADER", "format": kind, "example": {"header_handle": [handle]}}


def _example(spec: TemplateSpec, key: str, text: str, *, prefix: str = "") -> dict[str, Any]:
    """Samples of a text's parameters: in a list of lists for a body, in a list for a header."""
    names = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    if not names:
        return {}
    values = {name: spec.examples.get(prefix + name, "") for name in names}
    if spec.parameter_format == "NAMED":
        named = [{"param_name": name, "example": value} for name, value in values.items()]
        return {"example": {f"{key}_named_params": named}}
    ordered = [values[name] for name in sorted(names, key=int)]
    return {"example": {key: [ordered] if key == "body_text" else ordered}}


def _buttons(
    spec: TemplateSpec, buttons: Sequence[Mapping[str, Any]], *, prefix: str = ""
) -> list[MetaButton]:
    samples = [spec.examples.get(f"{prefix}button_{index}", "") for index, _ in enumerate(buttons)]
    return [_button(button, sample) for button, sample in zip(buttons, samples, strict=True)]


def _button(button: Json, sample: str) -> MetaButton:
    if button["type"] == "COPY_CODE":
        return {"type": "COPY_CODE", "example": sample}
    with_sample = dict(button)
    if PLACEHOLDER.search(button.get("url", "")):
        with_sample["example"] = [sample]
    return with_sample


# --- Meta's → ours ------------------------------------------------------------------------------


def spec_of(template: Json) -> TemplateSpec | None:
    """None if our model cannot hold the template: flows, locations, offers, catalogues."""
    try:
        return _spec(template)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        return None


def _spec(template: Json) -> TemplateSpec:
    parts = _parts(template["components"], {"HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL"})
    header, body, footer = parts.get("HEADER", {}), parts["BODY"], parts.get("FOOTER", {})
    header_format = str(header.get("format", "NONE")).upper()
    if header_format not in MEDIA | {"NONE", "TEXT"}:
        raise ValueError(header_format)
    buttons = parts.get("BUTTONS", {}).get("buttons", ())
    cards = [
        _parts(card["components"], {"HEADER", "BODY", "BUTTONS"})
        for card in parts.get("CAROUSEL", {}).get("cards", ())
    ]
    samples = _samples(header, body, buttons)
    for index, card in enumerate(cards):
        samples |= _samples(
            card["HEADER"],
            card.get("BODY", {}),
            card.get("BUTTONS", {}).get("buttons", ()),
            prefix=f"card_{index}_",
        )
    return TemplateSpec(
        name=str(template["name"]),
        language=str(template["language"]),
        category=str(template["category"]),
        body=str(body.get("text", "")),
        parameter_format=str(template.get("parameter_format") or "POSITIONAL").upper(),
        header_format=header_format,
        header_text=str(header.get("text", "")) if header_format == "TEXT" else "",
        footer=str(footer.get("text", "")),
        buttons=tuple(_model_button(button) for button in buttons),
        cards=tuple(_card_spec(card) for card in cards),
        add_security_recommendation=body.get("add_security_recommendation") is True,
        code_expiration_minutes=_minutes(footer, buttons),
        examples={key: value[:1024] for key, value in samples.items()},
    )


def _parts(components: Any, types: set[str]) -> dict[str, Any]:
    """The components by type. Raises ValueError for a type that our model does not have."""
    parts = {str(component["type"]).upper(): component for component in components}
    if not parts.keys() <= types:
        raise ValueError(", ".join(sorted(parts)))
    return parts


def _card_spec(card: Json) -> CardSpec:
    return CardSpec(
        header_format=str(card["HEADER"]["format"]).upper(),
        body=str(card.get("BODY", {}).get("text", "")),
        buttons=tuple(
            _model_button(button) for button in card.get("BUTTONS", {}).get("buttons", ())
        ),
    )


def _model_button(button: Json) -> dict[str, Any]:
    """The button with the keys that our model holds."""
    if button["type"] == "COPY_CODE":
        return {"type": "COPY_CODE"}
    return otp_of(button) or {key: button[key] for key in BUTTON_KEYS if key in button}


def otp_of(button: Json) -> dict[str, Any] | None:
    """The OTP button that Meta lists as a URL button; None for any other button."""
    query = _otp_query(button)
    return None if query is None else _otp(button, query)


def _otp_query(button: Json) -> dict[str, str] | None:
    """The parameters in an OTP button's URL; None for any other button."""
    url = str(button.get("url", ""))
    return dict(parse_qsl(urlsplit(url).query)) if url.startswith(OTP_URL) else None


def _otp(button: Json, query: Mapping[str, str]) -> dict[str, Any]:
    otp: dict[str, Any] = {"type": "OTP", "otp_type": query.get("otp_type", "COPY_CODE")}
    if "text" in button:
        otp["text"] = str(button["text"])
    if "package_name" in query:
        app = {key: query.get(key, "") for key in ("package_name", "signature_hash")}
        otp["supported_apps"] = [app]
    if otp["otp_type"] == "ZERO_TAP":
        otp["zero_tap_terms_accepted"] = True
    return otp


def _minutes(footer: Json, buttons: Any) -> int | None:
    minutes = footer.get("code_expiration_minutes")
    for button in buttons:
        minutes = minutes or (_otp_query(button) or {}).get("code_expiration_minutes")
    return None if minutes is None else int(minutes)


def _samples(header: Json, body: Json, buttons: Any, *, prefix: str = "") -> dict[str, str]:
    header_samples, body_samples = header.get("example") or {}, body.get("example") or {}
    samples = dict(_named(header_samples.get("header_text_named_params", ()), prefix="header_"))
    samples |= dict(_named(body_samples.get("body_text_named_params", ())))
    samples |= _numbered(header_samples.get("header_text", ()), prefix="header_")
    samples |= _numbered((body_samples.get("body_text") or [[]])[0])
    for handle in (header_samples.get("header_handle") or ())[:1]:
        samples["header_media"] = str(handle)
    for index, button in enumerate(buttons):
        sample = button.get("example")
        if sample and _otp_query(button) is None:
            samples[f"button_{index}"] = str(sample[0] if isinstance(sample, list) else sample)
    return {prefix + key: value for key, value in samples.items()}


def _named(params: Any, *, prefix: str = "") -> Iterator[tuple[str, str]]:
    for param in params:
        yield prefix + str(param["param_name"]), str(param["example"])


def _numbered(values: Any, *, prefix: str = "") -> dict[str, str]:
    return {f"{prefix}{number}": str(value) for number, value in enumerate(values, start=1)}
