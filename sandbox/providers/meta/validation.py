"""Checks a message's body by the rules of Meta's OpenAPI document, written by hand.

The checks are stricter than the document where Meta itself is stricter: unknown keys beside
`template`, empty parameters, white space in parameters (132018), the form of a phone number and
of a language code.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from sandbox.providers.meta.invalid import BAD_VALUE, INVALID_PARAMETER, MISSING, Invalid, take_text
from sandbox.providers.meta.templates import check_template

MAX_TEXT: Final = 4096
MAX_CALLBACK_DATA: Final = 512
PHONE: Final = re.compile(r"\+?[0-9]{7,15}")
USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
PHONE_PUNCTUATION: Final = str.maketrans("", "", " -().")
BASE_KEYS: Final = frozenset(
    {
        "messaging_product",
        "recipient_type",
        "recipient",
        "to",
        "type",
        "context",
        "biz_opaque_callback_data",
    }
)


def check_message(body: Any) -> None:
    """Checks the body of a message. Raises Invalid."""
    if not isinstance(body, dict):
        raise Invalid(INVALID_PARAMETER, "The body must be a JSON object")
    if body.get("messaging_product") != "whatsapp":
        raise Invalid(INVALID_PARAMETER, "The parameter messaging_product is required: whatsapp")
    check_recipient(body)
    kind = take_text(body, "type")
    if kind not in CONTENT_CHECKS:
        raise Invalid(INVALID_PARAMETER, f"Param type must be one of {sorted(CONTENT_CHECKS)}")
    if kind not in body:
        raise Invalid(MISSING, f"The parameter {kind} is required for type {kind}")
    refuse_unknown_keys(body, BASE_KEYS | {kind}, "the message")
    check_optional(body)
    CONTENT_CHECKS[kind](kind, body[kind])


def check_recipient(body: Mapping[str, Any]) -> None:
    kind = body.get("recipient_type", "individual")
    if kind not in ("individual", "group"):
        raise Invalid(INVALID_PARAMETER, "Param recipient_type must be one of individual, group")
    if kind == "individual" and "to" not in body and USER_ID.fullmatch(str(body.get("recipient"))):
        return
    to = take_text(body, "to")
    if kind == "individual" and not PHONE.fullmatch(to.translate(PHONE_PUNCTUATION)):
        raise Invalid(BAD_VALUE, "Param to is not a valid phone number")


def recipient_of(body: Mapping[str, Any]) -> str:
    """The number without its plus sign, else the user id; a number takes precedence."""
    to = str(body.get("to", ""))
    return to.translate(PHONE_PUNCTUATION).lstrip("+") or str(body["recipient"])


def check_optional(body: Mapping[str, Any]) -> None:
    our_id = body.get("biz_opaque_callback_data", "")
    if not isinstance(our_id, str) or len(our_id) > MAX_CALLBACK_DATA:
        raise Invalid(BAD_VALUE, "Param biz_opaque_callback_data must be at most 512 characters")
    context = body.get("context", {})
    if not isinstance(context, dict) or not isinstance(context.get("message_id", ""), str):
        raise Invalid(BAD_VALUE, "Param context must be an object with a message_id")


def refuse_unknown_keys(value: Mapping[str, Any], allowed: Collection[str], where: str) -> None:
    for key in value:
        if key not in allowed:
            raise Invalid(INVALID_PARAMETER, f'Unexpected key "{key}" on {where}')


def check_text(_: str, text: Any) -> None:
    if not isinstance(text, dict):
        raise Invalid(BAD_VALUE, "Param text must be an object")
    refuse_unknown_keys(text, ("body", "preview_url"), "param text")
    body = take_text(text, "body")
    if len(body) > MAX_TEXT:
        raise Invalid(
            INVALID_PARAMETER, f"Param text['body'] must be at most {MAX_TEXT} characters"
        )
    if not isinstance(text.get("preview_url", False), bool):
        raise Invalid(BAD_VALUE, "Param preview_url must be true or false")


def check_media(kind: str, media: Any) -> None:
    if not isinstance(media, dict):
        raise Invalid(BAD_VALUE, f"Param {kind} must be an object")
    if ("id" in media) == ("link" in media):
        raise Invalid(MISSING, f"Param {kind} needs exactly one of id and link")
    take_text(media, "id" if "id" in media else "link")
    for key in ("caption", "filename"):
        if not isinstance(media.get(key, ""), str):
            raise Invalid(BAD_VALUE, f"Param {key} must be text")


def check_any_object(kind: str, value: Any) -> None:
    """Checks only the type of contents that this product does not send."""
    if not isinstance(value, dict):
        raise Invalid(BAD_VALUE, f"Param {kind} must be an object")


def check_contacts(_: str, value: Any) -> None:
    if not isinstance(value, list):
        raise Invalid(BAD_VALUE, "Param contacts must be a list")


def check_template_content(_: str, value: Any) -> None:
    check_template(value, check_media=check_media)


CONTENT_CHECKS: Final[dict[str, Callable[[str, Any], None]]] = {
    "text": check_text,
    "template": check_template_content,
    "image": check_media,
    "video": check_media,
    "audio": check_media,
    "document": check_media,
    "sticker": check_media,
    "location": check_any_object,
    "reaction": check_any_object,
    "interactive": check_any_object,
    "contacts": check_contacts,
}
