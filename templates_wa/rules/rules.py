"""All rules together: finds what Meta would refuse, before a template is submitted.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates.
"""

import re
from collections.abc import Iterator

from channels.platforms import Category
from templates_wa.models import WhatsAppTemplate
from templates_wa.rules import examples, texts
from templates_wa.rules.authentication import authentication
from templates_wa.rules.buttons import buttons
from templates_wa.rules.cards import cards
from templates_wa.rules.defaults import defaults
from templates_wa.rules.parameters import keys_of
from templates_wa.rules.parts import parts_of
from templates_wa.rules.problem import Problem, Rule, refuse

NAME = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,4})?")


def check_template(template: WhatsAppTemplate) -> None:
    """Raises TemplateInvalid if the template breaks a rule, so that Meta would never approve it."""
    refuse(problems(template))


def check_for_review(template: WhatsAppTemplate) -> None:
    """As `check_template`, and every parameter must have a sample for the reviewers."""
    check_template(template)
    refuse(list(examples.missing(template)))


def problems(template: WhatsAppTemplate) -> list[Problem]:
    """All problems that can be found without asking the provider."""
    listed = [problem for rule in RULES for problem in rule(template)]
    # Only an otherwise valid template has parameters that can be listed.
    return listed or [*_keys(template), *defaults(template)]


def _name(template: WhatsAppTemplate) -> Iterator[Problem]:
    if not NAME.fullmatch(template.name):
        yield Problem("name", "Lower-case letters, digits and underscores, at most 512.")
    if not LANGUAGE.fullmatch(template.language):
        yield Problem("language", "In Meta's notation: en, en_US, pt_BR.")


def _keys(template: WhatsAppTemplate) -> Iterator[Problem]:
    """Finds a key with two meanings, such as {{button_0}}, in an otherwise valid template."""
    keys = [key for part in parts_of(template) for key in keys_of(part)]
    if template.category != Category.AUTHENTICATION and len(set(keys)) < len(keys):
        yield Problem(
            "body", "A parameter must not have the name of a header's, a button's or a card's key."
        )


RULES: tuple[Rule, ...] = (
    _name,
    texts.header,
    texts.body,
    texts.footer,
    buttons,
    cards,
    authentication,
    examples.examples,
)
