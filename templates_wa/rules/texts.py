"""Rules for the texts of header, body and footer.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates.
"""

import re
from collections.abc import Iterator

from channels.platforms import Category
from templates_wa.models import HeaderFormat, ParameterFormat, WhatsAppTemplate
from templates_wa.rules.parts import placeholders
from templates_wa.rules.problem import Problem

EXACT_PLACEHOLDER = re.compile(r"\{\{(?:[1-9][0-9]{0,2}|[a-z_][a-z0-9_]{0,99})\}\}")
LINE_BREAK = re.compile(r"[\n\r]")
EMOJI = re.compile("[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]")
MAX_BODY = 1024
MAX_LINE = 60
"""Characters of a header's text, and of a footer."""


def header(template: WhatsAppTemplate) -> Iterator[Problem]:
    text = template.header_text
    if template.header_format != HeaderFormat.TEXT:
        if text:
            yield Problem("header_text", "Only a header of format TEXT has a text.")
        return
    if not text.strip():
        yield Problem("header_text", "A header of format TEXT needs a text.")
    if len(text) > MAX_LINE:
        yield Problem("header_text", f"At most {MAX_LINE} characters.")
    if LINE_BREAK.search(text) or "*" in text:
        yield Problem("header_text", "A header has no line breaks and no formatting.")
    if EMOJI.search(text) and not template.is_at_provider:
        yield Problem("header_text", "A header has no emojis.")
    if len(placeholders(text)) > 1:
        yield Problem("header_text", "A header has one parameter at most.")
    yield from parameters(template, "header_text", text)


def body(template: WhatsAppTemplate) -> Iterator[Problem]:
    text = template.body.strip()
    if not text:
        yield Problem("body", "A template needs a body.")
    if len(template.body) > MAX_BODY:
        yield Problem("body", f"At most {MAX_BODY} characters.")
    yield from parameters(template, "body", template.body)
    if template.category == Category.AUTHENTICATION:
        return  # Meta writes this body, and it may begin with the code
    if text.startswith("{{") or text.endswith("}}"):
        yield Problem("body", "A body neither begins nor ends with a parameter.")


def footer(template: WhatsAppTemplate) -> Iterator[Problem]:
    if len(template.footer) > MAX_LINE:
        yield Problem("footer", f"At most {MAX_LINE} characters.")
    if "{{" in template.footer or "}}" in template.footer:
        yield Problem("footer", "A footer has no parameters.")
    if is_not_plain(template, template.footer):
        yield Problem("footer", "A footer has no line breaks and no emojis.")


def is_not_plain(template: WhatsAppTemplate, text: str) -> bool:
    """True for line breaks or emojis, which Meta accepts only in a body.

    Never true for a template that Meta already has.
    """
    return not template.is_at_provider and bool(LINE_BREAK.search(text) or EMOJI.search(text))


def parameters(template: WhatsAppTemplate, attr: str, text: str) -> Iterator[Problem]:
    """Problems of the parameters in a text: their notation and their numbers."""
    rest = EXACT_PLACEHOLDER.sub("", text)
    if "{{" in rest or "}}" in rest:
        yield Problem(attr, "Parameters are written {{1}} or {{first_name}}, without spaces.")
        return
    names = placeholders(text)
    numbers = [int(name) for name in names if name.isdecimal()]
    if numbers and len(numbers) < len(names):
        yield Problem(attr, "Numbered and named parameters cannot be mixed.")
    elif numbers and template.parameter_format == ParameterFormat.NAMED:
        yield Problem(attr, "parameter_format is NAMED, but the parameters are numbered.")
    elif len(names) > len(numbers) and template.parameter_format == ParameterFormat.POSITIONAL:
        yield Problem(attr, "parameter_format is POSITIONAL, but the parameters are named.")
    elif numbers and sorted(numbers) != list(range(1, len(numbers) + 1)):
        yield Problem(attr, "Numbered parameters count from {{1}} without a gap.")
