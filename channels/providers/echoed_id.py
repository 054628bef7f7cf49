"""Reads our message id from what a provider echoes."""

from contextlib import suppress
from uuid import UUID


def our_id(echoed: object) -> UUID | None:
    """Our id, or None for any other value: another system may share the account or the number."""
    if isinstance(echoed, str):
        with suppress(ValueError):
            return UUID(echoed)
    return None
