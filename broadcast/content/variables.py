"""`{{first_name|there}}` in what a tenant writes: which variables there are, filling them in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.errors import InvalidInput

VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*(?:\|([^{}]*))?\}\}")
BRACES = re.compile(r"\{\{|\}\}")

UNSUBSCRIBE_URL = "unsubscribe_url"
"""A variable of ours: the recipient's own link to broadcast/content/unsubscribing.py."""

CONTACT_FIELDS = ("first_name", "last_name", "email", "phone", "external_id")
"""Variables that come from the contact's own columns; all others from its attributes."""


@dataclass(frozen=True, slots=True)
class Variables:
    """What some texts ask for. `required` have no default in at least one place."""

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
    """Raises InvalidInput for braces that are no variable: they would be sent as they stand."""
    if BRACES.search(VARIABLE.sub("", text)):
        raise InvalidInput(
            "Variables are written {{name}} or {{name|default}}, with letters, digits and "
            "underscores in the name.",
            attr=attr,
        )


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """The text for one recipient; a variable without a value takes its default."""

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        return values.get(name) or (default or "").strip()

    return VARIABLE.sub(value, text)
