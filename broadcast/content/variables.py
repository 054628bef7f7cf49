"""Variables in a tenant's texts, such as `{{first_name|there}}`: finds them and fills them in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.errors import InvalidInput

VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*(?:\|([^{}]*))?\}\}")
BRACES = re.compile(r"\{\{|\}\}")

UNSUBSCRIBE_URL = "unsubscribe_url"
"""A built-in variable: the recipient's own link to broadcast/content/unsubscribing.py."""

CONTACT_FIELDS = ("first_name", "last_name", "email", "phone", "external_id")
"""Variables read from the contact's columns; all others are read from its attributes."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables in some texts; those in `required` lack a default in at least one place."""

    names: tuple[str, ...]
    required: tuple[str, ...]


def variables_of(texts: Iterable[str]) -> Variables:
    names: dict[str, bool] = {}
    for text in texts:
        for name, default in VARIABLE.findall(text):
            if name == UNSUBSCRIBE_URL:
                continue
            names[name] = names.get(name, False) or not default.strip()
    return Variables(tuple(names), tuple(name for name, required in names.items() if required))


def check_syntax(text: str, *, attr: str) -> None:
    """Raises InvalidInput for braces that form no variable: recipients would see them."""
    if BRACES.search(VARIABLE.sub("", text)):
        raise InvalidInput(
            "Variables are written {{name}} or {{name|default}}, with letters, digits and "
            "underscores in the name.",
            attr=attr,
        )


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """The text for one recipient; a variable without a value gets its default."""

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        return values.get(name) or (default or "").strip()

    return VARIABLE.sub(value, text)
