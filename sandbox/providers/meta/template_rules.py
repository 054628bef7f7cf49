"""Rules by which Meta accepts a template for review, and how Meta shows accepted templates."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from sandbox.providers.meta.invalid import BAD_VALUE, INVALID_PARAMETER, Invalid
from sandbox.providers.meta.templates import LANGUAGE, NAME

CATEGORIES: Final = frozenset({"MARKETING", "UTILITY", "AUTHENTICATION"})
PLACEHOLDER: Final = re.compile(r"\{\{(\w+)\}\}")
HANDLE: Final = re.compile(r"[0-9]+:\S+(\n\S+)*")
"""The form that the Resumable Upload API returns and Meta's examples show."""
FEWEST_CARDS, MOST_CARDS, MOST_BUTTONS, LONGEST_CARD = 2, 10, 2, 160
LONGEST_MINUTES: Final = 90
OTP_TYPES: Final = frozenset({"COPY_CODE", "ONE_TAP", "ZERO_TAP"})
SHOWN_SAMPLE: Final = "https://scontent.example/v/sample?oe=6A"
OTP_URL: Final = "https://www.whatsapp.com/otp/code/"


def checked(raw: bytes, *, new: bool) -> dict[str, Any]:
    """The template that the request submits (new) or edits. Raises Invalid."""
    try:
        body = json.loads(raw)
    except ValueError:
        raise Invalid(INVALID_PARAMETER, "Invalid JSON in request body") from None
    if not isinstance(body, dict) or not isinstance(body.get("components"), list):
        raise Invalid(INVALID_PARAMETER, "Param components must be a list")
    if new and not NAME.fullmatch(str(body.get("name"))):
        raise Invalid(INVALID_PARAMETER, "Param name has invalid characters")
    if new and not LANGUAGE.fullmatch(str(body.get("language"))):
        raise Invalid(INVALID_PARAMETER, "Param language is not known")
    if body.get("category") not in CATEGORIES:
        raise Invalid(INVALID_PARAMETER, f"Param category must be one of {sorted(CATEGORIES)}")
    check_components(body["category"], body["components"])
    return body


def check_components(category: str, components: list[Any]) -> None:
    if [kind_of(component) for component in components].count("BODY") != 1:
        raise Invalid(INVALID_PARAMETER, "A template has one BODY")
    if category == "AUTHENTICATION":
        check_authentication(components)
        return
    for component in components:
        check_component(component)


def kind_of(component: Any) -> str:
    return str(component.get("type") if isinstance(component, dict) else "").upper()


def check_component(component: dict[str, Any]) -> None:
    kind = kind_of(component)
    if kind == "CAROUSEL":
        check_cards(component.get("cards"))
    elif kind == "HEADER" and component.get("format") not in ("TEXT", "LOCATION"):
        check_handle(component)
    elif kind == "BUTTONS":
        check_buttons(component.get("buttons"))
    else:
        check_examples(component)


def check_examples(component: dict[str, Any]) -> None:
    """Checks that each parameter of a text has a sample. Raises Invalid."""
    names = set(PLACEHOLDER.findall(str(component.get("text", ""))))
    example = component.get("example") or {}
    key = "body_text" if kind_of(component) == "BODY" else "header_text"
    samples = example.get(key) or []
    numbered = samples[0] if key == "body_text" and samples else samples
    named = {sample["param_name"] for sample in example.get(f"{key}_named_params", ())}
    if names and not (len(numbered) == len(names) or named == names):
        raise Invalid(BAD_VALUE, f"{component['type']} is missing its examples")


def check_handle(component: dict[str, Any]) -> None:
    handles = (component.get("example") or {}).get("header_handle")
    if not isinstance(handles, list) or not handles or not HANDLE.fullmatch(str(handles[0])):
        raise Invalid(BAD_VALUE, "HEADER needs a header_handle of an uploaded file")


def check_buttons(buttons: Any) -> None:
    if not isinstance(buttons, list) or not buttons:
        raise Invalid(BAD_VALUE, "BUTTONS must be a list")
    for button in buttons:
        if button.get("type") == "OTP":
            raise Invalid(BAD_VALUE, "OTP buttons are for AUTHENTICATION templates")
        if PLACEHOLDER.search(str(button.get("url", ""))) and not button.get("example"):
            raise Invalid(BAD_VALUE, "A URL button is missing its example")


def check_cards(cards: Any) -> None:
    if not isinstance(cards, list) or not FEWEST_CARDS <= len(cards) <= MOST_CARDS:
        raise Invalid(BAD_VALUE, f"A carousel has {FEWEST_CARDS} to {MOST_CARDS} cards")
    shapes = [tuple(shape_of(card)) for card in cards]
    if len(set(shapes)) > 1:
        raise Invalid(BAD_VALUE, "All cards must have the same components")
    for card in cards:
        for component in card["components"]:
            check_component(component)


def shape_of(card: Any) -> Iterator[str]:
    """The properties that all cards of a carousel must share. Raises Invalid."""
    components = card.get("components") if isinstance(card, dict) else None
    if not isinstance(components, list) or kind_of(components[0]) != "HEADER":
        raise Invalid(BAD_VALUE, "A card begins with a HEADER")
    for component in components:
        yield kind_of(component)
        if kind_of(component) == "HEADER":
            if component.get("format") not in ("IMAGE", "VIDEO"):
                raise Invalid(BAD_VALUE, "A card's header is IMAGE or VIDEO")
            yield component["format"]
        buttons = component.get("buttons", [])
        if len(buttons) > MOST_BUTTONS or len(str(component.get("text", ""))) > LONGEST_CARD:
            raise Invalid(BAD_VALUE, "A card has two buttons and 160 characters at most")
        yield from (str(button.get("type")) for button in buttons)


# --- authentication -----------------------------------------------------------------------------


def check_authentication(components: list[dict[str, Any]]) -> None:
    """Checks an authentication template, whose text Meta sets. Raises Invalid."""
    parts = {kind_of(component): component for component in components}
    if not parts.keys() <= {"BODY", "FOOTER", "BUTTONS"} or "text" in parts["BODY"]:
        raise Invalid(BAD_VALUE, "AUTHENTICATION templates have a fixed text")
    minutes = parts.get("FOOTER", {}).get("code_expiration_minutes", 1)
    if not isinstance(minutes, int) or not 1 <= minutes <= LONGEST_MINUTES:
        raise Invalid(BAD_VALUE, "code_expiration_minutes must be 1 to 90")
    buttons = parts.get("BUTTONS", {}).get("buttons", [])
    if len(buttons) != 1 or buttons[0].get("otp_type") not in OTP_TYPES:
        raise Invalid(BAD_VALUE, "AUTHENTICATION templates have one OTP button")
    app = buttons[0].get("package_name") or buttons[0].get("supported_apps")
    if buttons[0]["otp_type"] != "COPY_CODE" and not app:
        raise Invalid(BAD_VALUE, "An autofill button needs its supported_apps")


def shown(category: str, components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The components as Meta lists them: with Meta's text, and the URL of an OTP button."""
    if category != "AUTHENTICATION":
        return [with_address(component) for component in components]
    parts = {kind_of(component): component for component in components}
    advice = parts["BODY"].get("add_security_recommendation")
    text = "*{{1}}* is your verification code."
    text += " For your security, do not share this code." if advice else ""
    listed = [{**parts["BODY"], "text": text, "example": {"body_text": [["123456"]]}}]
    if "FOOTER" in parts:
        minutes = parts["FOOTER"]["code_expiration_minutes"]
        listed.append({**parts["FOOTER"], "text": f"This code expires in {minutes} minutes."})
    button = parts["BUTTONS"]["buttons"][0]
    return [*listed, {"type": "BUTTONS", "buttons": [otp_as_url(button)]}]


def with_address(component: dict[str, Any]) -> dict[str, Any]:
    """The component as Meta lists it: a URL in place of the handle of a sample file."""
    if "header_handle" in (component.get("example") or {}):
        return {**component, "example": {"header_handle": [SHOWN_SAMPLE]}}
    if "cards" not in component:
        return component
    cards = [
        {**card, "components": [with_address(part) for part in card["components"]]}
        for card in component["cards"]
    ]
    return {**component, "cards": cards}


def otp_as_url(button: dict[str, Any]) -> dict[str, Any]:
    app = (button.get("supported_apps") or [button])[0]
    keys = ("package_name", "signature_hash")
    query = {"otp_type": button["otp_type"], **{key: app[key] for key in keys if key in app}}
    url = f"{OTP_URL}?{urlencode(query)}&code=otp"
    text = button.get("text", "Copy code")
    return {"type": "URL", "text": text, "url": f"{url}{{{{1}}}}", "example": [f"{url}123456"]}
