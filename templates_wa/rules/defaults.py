"""Rules for the default values of a template's parameters, which broadcasts need not repeat."""

from collections.abc import Iterator, Mapping

from channels.platforms import Category
from templates_wa.models import WhatsAppTemplate
from templates_wa.rules.parameters import required_parameters
from templates_wa.rules.problem import Problem

MAX_DEFAULT = 1024


def defaults(template: WhatsAppTemplate) -> Iterator[Problem]:
    values = template.default_params
    if not isinstance(values, dict) or not all(isinstance(text, str) for text in values.values()):
        yield Problem("default_params", "An object of texts.")
        return
    if values and template.category == Category.AUTHENTICATION:
        yield Problem("default_params", "A one-time password has no default.")
        return
    required = required_parameters(template)
    for key, value in values.items():
        if key not in required:
            known = ", ".join(required) or "none"
            yield Problem("default_params", f"{key[:100]} is no parameter; there are: {known}.")
        elif not value.strip() or len(value) > MAX_DEFAULT:
            yield Problem("default_params", f"{key}: a text of 1 to {MAX_DEFAULT} characters.")


def defaults_of(template: WhatsAppTemplate) -> Mapping[str, str]:
    """The defaults of parameters that the template still has: a sync may have changed its text."""
    required = required_parameters(template)
    return {key: value for key, value in template.default_params.items() if key in required}
