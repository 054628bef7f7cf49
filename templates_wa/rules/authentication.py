"""Rules of one-time password templates. Meta writes their text, in the template's language.

Until a sync copies that text, Meta's English text stands in, for the preview. Source:
developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from channels.platforms import Category
from templates_wa.models import HeaderFormat, ParameterFormat, WhatsAppTemplate
from templates_wa.rules.parts import placeholders
from templates_wa.rules.problem import Problem, TemplateInvalid

BODY = "*{{1}}* is your verification code."
RECOMMENDATION = " For your security, do not share this code."
LONGEST_MINUTES = 90
MAX_APPS = 5
MAX_PACKAGE_NAME = 224
HASH_LENGTHS = (11, 13)
"""Characters of an app's signing hash: 11, or 13 percent-encoded, as in Meta's own example."""
AUTOFILLS = frozenset({"ONE_TAP", "ZERO_TAP"})
OTP_TYPES = ("COPY_CODE", "ONE_TAP", "ZERO_TAP")
OPTIONS = ("add_security_recommendation", "code_expiration_minutes")


def write_text(template: WhatsAppTemplate, *, fields: Mapping[str, Any]) -> None:
    """Fill in the text that Meta writes. Raises TemplateInvalid if `fields` has another text."""
    if template.category != Category.AUTHENTICATION:
        return
    minutes = template.code_expiration_minutes
    texts = {
        "body": BODY + (RECOMMENDATION if template.add_security_recommendation else ""),
        "footer": f"This code expires in {minutes} minutes." if minutes else "",
    }
    for attr, text in texts.items():
        if fields.get(attr, "") not in {"", text}:
            raise TemplateInvalid(
                "Meta writes the text of authentication templates: leave it out, and choose "
                f"{' and '.join(OPTIONS)}.",
                attr=attr,
            )
        setattr(template, attr, text)


def authentication(template: WhatsAppTemplate) -> Iterator[Problem]:
    """Checks the parts of authentication templates, and that no other template has them."""
    items = template.buttons if isinstance(template.buttons, list) else []
    buttons = [button for button in items if isinstance(button, dict)]
    if template.category != Category.AUTHENTICATION:
        yield from _of_others(template, buttons)
        return
    if template.header_format != HeaderFormat.NONE:
        yield Problem("header_format", "An authentication template has no header.")
    if template.cards:
        yield Problem("cards", "An authentication template is no carousel.")
    if template.parameter_format != ParameterFormat.POSITIONAL:
        yield Problem("parameter_format", "An authentication template's code is {{1}}.")
    elif placeholders(template.body) != ("1",):
        yield Problem("body", "An authentication template has one parameter, the code.")
    minutes = template.code_expiration_minutes
    if minutes is not None and not 1 <= minutes <= LONGEST_MINUTES:
        yield Problem("code_expiration_minutes", f"1 to {LONGEST_MINUTES}.")
    if [button.get("type") for button in buttons] != ["OTP"]:
        yield Problem("buttons", "An authentication template has one button, of type OTP.")
        return
    yield from _otp(template, "buttons.0", buttons[0])


def _of_others(template: WhatsAppTemplate, buttons: list[dict[str, Any]]) -> Iterator[Problem]:
    for attr in OPTIONS:
        if getattr(template, attr):
            yield Problem(attr, "Only an AUTHENTICATION template has this.")
    for index, button in enumerate(buttons):
        if button.get("type") == "OTP":
            yield Problem(
                f"buttons.{index}.type", "Only an AUTHENTICATION template has an OTP button."
            )


def _otp(template: WhatsAppTemplate, attr: str, button: dict[str, Any]) -> Iterator[Problem]:
    kind = button.get("otp_type")
    if kind not in OTP_TYPES:
        yield Problem(f"{attr}.otp_type", f"One of {', '.join(OTP_TYPES)}.")
        return
    apps = _apps(button)
    if kind not in AUTOFILLS:
        if apps or "autofill_text" in button or "zero_tap_terms_accepted" in button:
            yield Problem(attr, "COPY_CODE has a text and no more.")
        return
    if not apps and template.is_at_provider:
        return  # Meta's list of templates may leave out the apps
    if not isinstance(apps, list) or not 1 <= len(apps) <= MAX_APPS:
        yield Problem(f"{attr}.supported_apps", f"{kind} needs 1 to {MAX_APPS} apps.")
        return
    if not all(_is_app(app) for app in apps):
        yield Problem(
            f"{attr}.supported_apps",
            "Each app has a package_name such as com.example.shop and a signature_hash of 11.",
        )
    if kind == "ZERO_TAP" and button.get("zero_tap_terms_accepted") is not True:
        yield Problem(f"{attr}.zero_tap_terms_accepted", "Meta's terms must be accepted: true.")


def _apps(button: Mapping[str, Any]) -> Any:
    """The button's apps; Meta's older form names a single app without a list."""
    if "package_name" in button or "signature_hash" in button:
        return [{key: button.get(key, "") for key in ("package_name", "signature_hash")}]
    return button.get("supported_apps", [])


def _is_app(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"package_name", "signature_hash"}:
        return False
    name, signature = value["package_name"], value["signature_hash"]
    if not isinstance(name, str) or not isinstance(signature, str):
        return False
    return "." in name and len(name) <= MAX_PACKAGE_NAME and len(signature) in HASH_LENGTHS
