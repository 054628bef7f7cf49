"""Errors of a request that Meta's protocol does not allow."""

from collections.abc import Mapping
from typing import Any, Final

INVALID_PARAMETER: Final = 100
MISSING: Final = 131008
BAD_VALUE: Final = 131009


class Invalid(Exception):
    """Carries Meta's error code and the text of its `error_data.details`."""

    def __init__(self, code: int, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


def take_text(value: Mapping[str, Any], key: str) -> str:
    """The required, non-empty text under `key`. Raises Invalid."""
    if key not in value or value[key] in ("", None):
        raise Invalid(MISSING, f"The parameter {key} is required")
    text = value[key]
    if not isinstance(text, str):
        raise Invalid(BAD_VALUE, f"Param {key} must be a string")
    return text
