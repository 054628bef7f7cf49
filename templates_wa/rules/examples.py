"""Rules for the sample values of a template's parameters; reviewers need all of them."""

from collections.abc import Iterator

from channels.platforms import Category
from channels.providers.template_registry import TEMPLATE_PROVIDERS
from templates_wa.models import WhatsAppTemplate
from templates_wa.rules.parameters import MAX_CODE, required_parameters
from templates_wa.rules.parts import PLACEHOLDER
from templates_wa.rules.problem import Problem
from templates_wa.rules.texts import LINE_BREAK

MAX_EXAMPLE = 1024


def examples(template: WhatsAppTemplate) -> Iterator[Problem]:
    samples = template.examples
    if not isinstance(samples, dict) or not all(isinstance(text, str) for text in samples.values()):
        yield Problem("examples", "An object of texts.")
        return
    for key, value in samples.items():
        if len(value) > MAX_EXAMPLE:
            yield Problem("examples", f"{str(key)[:100]}: at most {MAX_EXAMPLE} characters.")


def missing(template: WhatsAppTemplate) -> Iterator[Problem]:
    """Missing or wrong samples of an otherwise valid template. One-time passwords need none."""
    if template.category == Category.AUTHENTICATION:
        return
    for key in required_parameters(template):
        value = str(template.examples.get(key, ""))
        if not value.strip():
            yield Problem("examples", f"A sample value for {key} is missing.")
        elif key.endswith("header_media") and _is_address(value) and _wants_handle(template):
            yield Problem(
                "examples",
                f"{key}: upload the file by POST /templates/samples/ and use its handle.",
            )
        elif LINE_BREAK.search(value) or PLACEHOLDER.search(value):
            yield Problem("examples", f"{key}: no line breaks and no parameters.")
        elif _is_code(template, key) and len(value) > MAX_CODE:
            yield Problem("examples", f"{key}: a code has at most {MAX_CODE} characters.")


def _is_address(value: str) -> bool:
    return value.startswith(("http://", "https://"))


def _wants_handle(template: WhatsAppTemplate) -> bool:
    provider = TEMPLATE_PROVIDERS.get(template.app.provider)
    return provider is not None and provider.samples_are_handles


def _is_code(template: WhatsAppTemplate, key: str) -> bool:
    """True for the key of a copy-code button; a body may also have a parameter named button_5."""
    return any(
        key == f"button_{index}" and button.get("type") == "COPY_CODE"
        for index, button in enumerate(template.buttons)
    )
