"""A template in Meta's components, there and back.

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
"""What Meta makes of an OTP button, as its list of templates shows it."""
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

# --- ours → Meta's ------------------------------------------------------------------------------


def content_of(spec: TemplateSpec) -> dict[str, Any]:
    """All but its name and language, which never change."""
    named = {"parameter_format": "NAMED"} if spec.parameter_format == "NAMED" else {}
    is_code = spec.category == AUTHENTICATION
    components = _authentication(spec) if is_code else _components(spec)
    return {"category": spec.category, **named, "components": list(components)}


def _components(spec: TemplateSpec) -> Iterator[dict[str, Any]]:
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


def _card(spec: TemplateSpec, card: CardSpec, *, prefix: str) -> Iterator[dict[str, Any]]:
    yield _medium(spec, card.header_format, prefix=prefix)
    if card.body:
        example = _example(spec, "body_text", card.body, prefix=prefix)
        yield {"type": "BODY", "text": card.body} | example
    if card.buttons:
        yield {"type": "BUTTONS", "buttons": _buttons(spec, card.buttons, prefix=prefix)}


def _authentication(spec: TemplateSpec) -> Iterator[dict[str, Any]]:
    yield {"type": "BODY", "add_security_recommendation": spec.add_security_recommendation}
    if spec.code_expiration_minutes is not None:
        yield {"type": "FOOTER", "code_expiration_minutes": spec.code_expiration_minutes}
    yield {"type": "BUTTONS", "buttons": [dict(each) for each in spec.buttons]}


def _medium(spec: TemplateSpec, kind: str, *, prefix: str = "") -> dict[str, Any]:
    handle = spec.examples.get(f"{prefix}header_media", "")
    return {"type": "HEADER", "format": kind, "example": {"header_handle": [handle]}}


def _example(spec: TemplateSpec, key: str, text: str, *, prefix: str = "") -> dict[str, Any]:
    """Samples of a text's parameters; a body's stand in a list of lists, a header's do not."""
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
) -> list[dict[str, Any]]:
    samples = [spec.examples.get(f"{prefix}button_{index}", "") for index, _ in enumerate(buttons)]
    return [_button(each, sample) for each, sample in zip(buttons, samples, strict=True)]


def _button(button: Mapping[str, Any], sample: str) -> dict[str, Any]:
    if button["type"] == "COPY_CODE":
        return {"type": "COPY_CODE", "example": sample}
    told = dict(button)
    if PLACEHOLDER.search(button.get("url", "")):
        told["example"] = [sample]
    return told


# --- Meta's → ours ------------------------------------------------------------------------------


def spec_of(told: Mapping[str, Any]) -> TemplateSpec | None:
    """None for what our model cannot hold: flows, locations, offers, catalogues."""
    try:
        return _spec(told)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        return None


def _spec(told: Mapping[str, Any]) -> TemplateSpec:
    parts = _parts(told["components"], {"HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL"})
    header, body, footer = parts.get("HEADER", {}), parts["BODY"], parts.get("FOOTER", {})
    header_format = str(header.get("format", "NONE")).upper()
    if header_format not in MEDIA | {"NONE", "TEXT"}:
        raise ValueError(header_format)
    buttons = parts.get("BUTTONS", {}).get("buttons", ())
    cards = [
        _parts(each["components"], {"HEADER", "BODY", "BUTTONS"})
        for each in parts.get("CAROUSEL", {}).get("cards", ())
    ]
    samples = _samples(header, body, buttons)
    for index, card in enumerate(cards):
        of_card = (card["HEADER"], card.get("BODY", {}), card.get("BUTTONS", {}).get("buttons", ()))
        samples |= _samples(*of_card, prefix=f"card_{index}_")
    return TemplateSpec(
        name=str(told["name"]),
        language=str(told["language"]),
        category=str(told["category"]),
        body=str(body.get("text", "")),
        parameter_format=str(told.get("parameter_format") or "POSITIONAL").upper(),
        header_format=header_format,
        header_text=str(header.get("text", "")) if header_format == "TEXT" else "",
        footer=str(footer.get("text", "")),
        buttons=tuple(_known_part(each) for each in buttons),
        cards=tuple(_card_spec(card) for card in cards),
        add_security_recommendation=body.get("add_security_recommendation") is True,
        code_expiration_minutes=_minutes(footer, buttons),
        examples={key: value[:1024] for key, value in samples.items()},
    )


def _parts(components: Any, known: set[str]) -> dict[str, Any]:
    """By type. Raises ValueError for one that our model does not have."""
    parts = {str(each["type"]).upper(): each for each in components}
    if not parts.keys() <= known:
        raise ValueError(", ".join(sorted(parts)))
    return parts


def _card_spec(card: Mapping[str, Any]) -> CardSpec:
    return CardSpec(
        header_format=str(card["HEADER"]["format"]).upper(),
        body=str(card.get("BODY", {}).get("text", "")),
        buttons=tuple(_known_part(each) for each in card.get("BUTTONS", {}).get("buttons", ())),
    )


def _known_part(button: Mapping[str, Any]) -> dict[str, Any]:
    if button["type"] == "COPY_CODE":
        return {"type": "COPY_CODE"}
    return otp_of(button) or {key: button[key] for key in BUTTON_KEYS if key in button}


def otp_of(button: Mapping[str, Any]) -> dict[str, Any] | None:
    """The OTP button that Meta shows as the URL which it became; None where it is another."""
    query = _otp_query(button)
    return None if query is None else _otp(button, query)


def _otp_query(button: Mapping[str, Any]) -> dict[str, str] | None:
    """What an OTP button was made with, where Meta shows it as the URL that it became."""
    url = str(button.get("url", ""))
    return dict(parse_qsl(urlsplit(url).query)) if url.startswith(OTP_URL) else None


def _otp(button: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "OTP", "otp_type": query.get("otp_type", "COPY_CODE")}
    if "text" in button:
        told["text"] = str(button["text"])
    if "package_name" in query:
        app = {key: query.get(key, "") for key in ("package_name", "signature_hash")}
        told["supported_apps"] = [app]
    if told["otp_type"] == "ZERO_TAP":
        told["zero_tap_terms_accepted"] = True
    return told


def _minutes(footer: Mapping[str, Any], buttons: Any) -> int | None:
    told = footer.get("code_expiration_minutes")
    for each in buttons:
        told = told or (_otp_query(each) or {}).get("code_expiration_minutes")
    return None if told is None else int(told)


def _samples(
    header: Mapping[str, Any], body: Mapping[str, Any], buttons: Any, *, prefix: str = ""
) -> dict[str, str]:
    of_header, of_body = header.get("example") or {}, body.get("example") or {}
    samples = dict(_named(of_header.get("header_text_named_params", ()), prefix="header_"))
    samples |= dict(_named(of_body.get("body_text_named_params", ())))
    samples |= _numbered(of_header.get("header_text", ()), prefix="header_")
    samples |= _numbered((of_body.get("body_text") or [[]])[0])
    for handle in (of_header.get("header_handle") or ())[:1]:
        samples["header_media"] = str(handle)
    for index, button in enumerate(buttons):
        sample = button.get("example")
        if sample and _otp_query(button) is None:
            samples[f"button_{index}"] = str(sample[0] if isinstance(sample, list) else sample)
    return {prefix + key: value for key, value in samples.items()}


def _named(params: Any, *, prefix: str = "") -> Iterator[tuple[str, str]]:
    for each in params:
        yield prefix + str(each["param_name"]), str(each["example"])


def _numbered(values: Any, *, prefix: str = "") -> dict[str, str]:
    return {f"{prefix}{number}": str(value) for number, value in enumerate(values, start=1)}
