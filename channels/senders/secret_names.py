"""Checks secrets against an adapter's names: exactly these keys, each with a value."""

from collections.abc import Sequence
from typing import Any

from api.errors import InvalidInput

MAX_LENGTH = 8192
"""Characters of one secret; the longest kind is a service account's key file."""


class SecretsWrong(InvalidInput):
    """Secrets are missing or unknown; `data` lists their names, never their values."""

    code = "secrets_wrong"


def check_secrets(secrets: Any, *, names: Sequence[str], attr: str) -> dict[str, str]:
    """The secrets as they are stored, stripped. Raises SecretsWrong."""
    if not isinstance(secrets, dict) or any(not isinstance(text, str) for text in secrets.values()):
        raise SecretsWrong("An object of texts.", attr=attr, data={"required": list(names)})
    missing = [name for name in names if not secrets.get(name, "").strip()]
    surplus = sorted(str(name)[:100] for name in secrets if name not in names)
    too_long = [name for name in names if len(secrets.get(name, "")) > MAX_LENGTH]
    if missing or surplus or too_long:
        text = f"Exactly these are needed: {', '.join(names) or 'none'}."
        if too_long:
            text = f"Too long: {', '.join(too_long)}."
        facts = {"required": list(names), "missing": missing, "surplus": surplus}
        raise SecretsWrong(text, attr=attr, data=facts)
    return {name: secrets[name].strip() for name in names}
