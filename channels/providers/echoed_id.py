"""Our message id, as a provider gives it back."""

from contextlib import suppress
from uuid import UUID


def our_id(echoed: object) -> UUID | None:
    """None for what is none: another system may share the number, the agent or the account."""
    if isinstance(echoed, str):
        with suppress(ValueError):
            return UUID(echoed)
    return None
