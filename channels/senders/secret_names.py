"""Whether secrets are what an adapter asks for: these keys, each with a value, no others."""

from collections.abc import Sequence
from typing import Any

from api.errors import InvalidInput

MAX_LENGTH = 8192
"""Of one secret: a service account's key file is the longest there is."""


class SecretsWrong(InvalidInput):
    """Secrets are missing or not known; both are listed in `data`, their values nowhere."""

    code = "secrets_wrong"


def check_secrets(given: Any, *, names: Sequence[str], attr: str) -> dict[str, str]:
    """The secrets as they are stored. Raises SecretsWrong."""
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise SecretsWrong("An object of texts.", attr=attr, data={"required": list(names)})
    missing = [name for name in names if not given.get(name, "").strip()]
    surplus = sorted(str(name)[:100] for name in given if name not in names)
    too_long = [name for name in names if len(given.get(name, "")) > MAX_LENGTH]
    if missing or surplus or too_long:
        said = f"Exactly these are needed: {', '.join(names) or 'none'}."
        if too_long:
            said = f"Too long: {', '.join(too_long)}."
        facts = {"required": list(names), "missing": missing, "surplus": surplus}
        raise SecretsWrong(said, attr=attr, data=facts)
    return {name: given[name].strip() for name in names}
