"""What Meta would refuse in a template, known before it is submitted.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates.
"""

import re
from collections.abc import Iterator

from channels.platforms import Category
from templates_wa.models import WhatsAppTemplate
from templates_wa.rules import (
    buttons as button_rules,
)
from templates_wa.rules import (
    cards as card_rules,
)
from templates_wa.rules import (
    examples as example_rules,
)
from templates_wa.rules import (
    texts as text_rules,
)
from templates_wa.rules.authentication import authentication
from templates_wa.rules.parameters import keys_of
from templates_wa.rules.parts import parts_of
from templates_wa.rules.problem import Problem, Rule, refuse

NAME = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,4})?")


def check_template(template: WhatsAppTemplate) -> None:
    """Raises TemplateInvalid for a text that could never be approved."""
    refuse(problems(template))


def check_for_review(template: WhatsAppTemplate) -> None:
    """As `check_template`, and that every parameter has a sample, as reviewers need them."""
    check_template(template)
    refuse(list(example_rules.missing(template)))


def problems(template: WhatsAppTemplate) -> list[Problem]:
    """All that can be known of a template without its provider."""
    found = [problem for rule in RULES for problem in rule(template)]
    return found or list(_keys(template))


def _name(template: WhatsAppTemplate) -> Iterator[Problem]:
    if not NAME.fullmatch(template.name):
        yield Problem("name", "Small letters, digits and underscores, at most 512.")
    if not LANGUAGE.fullmatch(template.language):
        yield Problem("language", "As Meta writes it: en, en_US, pt_BR.")


def _keys(template: WhatsAppTemplate) -> Iterator[Problem]:
    """Of a template that is right otherwise: {{button_0}} may be the key of two values."""
    keys = [key for part in parts_of(template) for key in keys_of(part)]
    if template.category != Category.AUTHENTICATION and len(set(keys)) < len(keys):
        yield Problem(
            "body", "A parameter must not be named as the key of a header, a button or a card."
        )


RULES: tuple[Rule, ...] = (
    _name,
    text_rules.header,
    text_rules.body,
    text_rules.footer,
    button_rules.buttons,
    card_rules.cards,
    authentication,
    example_rules.examples,
)
