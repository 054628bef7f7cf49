"""Checks the template of a Meta message: name, language, components and parameters."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.providers.meta.invalid import BAD_VALUE, INVALID_PARAMETER, MISSING, Invalid, take_text

TEMPLATE_MISSING: Final = 132001
WHITE_SPACE: Final = 132018
NAME: Final = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2,4})?")
FORBIDDEN_SPACE: Final = re.compile(r"[\n\r\t]| {5,}")
MAX_PARAMETER: Final = 32_768
COMPONENT_TYPES: Final = frozenset(
    {"header", "body", "button", "HEADER", "BODY", "BUTTON", "carousel", "limited_time_offer"}
)
SUB_TYPES: Final = frozenset(
    {"quick_reply", "url", "catalog", "flow", "copy_code", "mpm", "order_details", "voice_call"}
    | {"QUICK_REPLY", "URL", "CATALOG", "FLOW", "COPY_CODE", "MPM", "ORDER_DETAILS"}
)
INDEX: Final = re.compile(r"[0-9]")
MAX_INDEX: Final = 9
MAX_CARDS: Final = 10

CheckMedia = Callable[[str, Any], None]


def check_template(template: Any, *, check_media: CheckMedia) -> None:
    """Checks the template of a message. Raises Invalid."""
    if not isinstance(template, dict):
        raise Invalid(BAD_VALUE, "Param template must be an object")
    if not NAME.fullmatch(take_text(template, "name")):
        raise Invalid(TEMPLATE_MISSING, "Template name does not exist")
    check_language(template)
    components = template.get("components", [])
    if not isinstance(components, list):
        raise Invalid(BAD_VALUE, "Param components must be a list")
    for component in components:
        check_component(component, check_media)


def check_language(template: Mapping[str, Any]) -> None:
    language = template.get("language")
    if not isinstance(language, dict):
        raise Invalid(MISSING, "The parameter language is required")
    if language.get("policy", "deterministic") != "deterministic":
        raise Invalid(BAD_VALUE, "Param policy must be deterministic")
    code = take_text(language, "code")
    if not LANGUAGE.fullmatch(code):
        raise Invalid(TEMPLATE_MISSING, f"Template does not exist in the translation {code}")


def check_component(component: Any, check_media: CheckMedia) -> None:
    if not isinstance(component, dict):
        raise Invalid(BAD_VALUE, "A component must be an object")
    kind = take_text(component, "type")
    if kind not in COMPONENT_TYPES:
        raise Invalid(INVALID_PARAMETER, f"Component type must be one of {sorted(COMPONENT_TYPES)}")
    parameters = component.get("parameters", [])
    if not isinstance(parameters, list):
        raise Invalid(BAD_VALUE, "Param parameters must be a list")
    kind = kind.lower()
    if kind == "carousel":
        check_cards(component.get("cards"), check_media)
    elif kind == "button":
        check_button(component)
        check_parameters(parameters, BUTTON_PARAMETERS, check_media)
    elif kind in ("header", "body"):
        if kind == "header" and component.get("parameters") == []:
            raise Invalid(MISSING, "A header needs at least one parameter")
        check_parameters(parameters, PARAMETERS, check_media)


def check_cards(cards: Any, check_media: CheckMedia) -> None:
    if not isinstance(cards, list) or not 1 <= len(cards) <= MAX_CARDS:
        raise Invalid(BAD_VALUE, f"Param cards must be a list of 1 to {MAX_CARDS}")
    for card in cards:
        components = card.get("components") if isinstance(card, dict) else None
        if not isinstance(components, list) or not is_index(card.get("card_index")):
            raise Invalid(BAD_VALUE, "A card needs a card_index and components")
        for component in components:
            check_component(component, check_media)


def check_button(component: Mapping[str, Any]) -> None:
    if take_text(component, "sub_type") not in SUB_TYPES:
        raise Invalid(INVALID_PARAMETER, f"Param sub_type must be one of {sorted(SUB_TYPES)}")
    if "index" not in component:
        raise Invalid(MISSING, "The parameter index is required for a button")
    if not is_index(component["index"]):
        raise Invalid(BAD_VALUE, 'Param index must be "0" to "9"')
    if not component.get("parameters"):
        raise Invalid(MISSING, "A button needs at least one parameter")


def is_index(index: Any) -> bool:
    """True for a text, as documented, and for an integer, as in Meta's own examples."""
    if isinstance(index, str):
        return INDEX.fullmatch(index) is not None
    return isinstance(index, int) and not isinstance(index, bool) and 0 <= index <= MAX_INDEX


def check_parameters(
    parameters: list[Any], allowed: Mapping[str, str], check_media: CheckMedia
) -> None:
    for parameter in parameters:
        if not isinstance(parameter, dict):
            raise Invalid(BAD_VALUE, "A parameter must be an object")
        kind = take_text(parameter, "type")
        if kind not in allowed:
            raise Invalid(INVALID_PARAMETER, f"Parameter type must be one of {sorted(allowed)}")
        check_parameter(parameter, kind, allowed[kind], check_media)


def check_parameter(
    parameter: Mapping[str, Any], kind: str, shape: str, check_media: CheckMedia
) -> None:
    if not isinstance(parameter.get("parameter_name", ""), str):
        raise Invalid(BAD_VALUE, "Param parameter_name must be text")
    if shape == "text":
        check_text_value(take_text(parameter, kind))
    elif kind not in parameter:
        raise Invalid(MISSING, f"Parameter of type {kind} is missing its {kind}")
    elif shape == "media":
        check_media(kind, parameter[kind])
    elif not isinstance(parameter[kind], dict):
        raise Invalid(BAD_VALUE, f"Param {kind} must be an object")
    elif shape == "currency":
        check_currency(parameter[kind])
    elif shape == "date_time":
        take_text(parameter[kind], "fallback_value")


def check_text_value(text: str) -> None:
    if len(text) > MAX_PARAMETER:
        raise Invalid(BAD_VALUE, f"Param text must be at most {MAX_PARAMETER} characters long")
    if FORBIDDEN_SPACE.search(text):
        raise Invalid(
            WHITE_SPACE,
            "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
        )


def check_currency(currency: Mapping[str, Any]) -> None:
    take_text(currency, "fallback_value")
    take_text(currency, "code")
    amount = currency.get("amount_1000")
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise Invalid(
            MISSING if amount is None else BAD_VALUE, "Param amount_1000 must be an integer"
        )


PARAMETERS: Final = {
    "text": "text",
    "currency": "currency",
    "date_time": "date_time",
    "image": "media",
    "video": "media",
    "document": "media",
}
# `coupon_code` and `action` are missing in the OpenAPI document; Meta's guides use them.
BUTTON_PARAMETERS: Final = {
    "text": "text",
    "payload": "text",
    "coupon_code": "text",
    "action": "object",
}
