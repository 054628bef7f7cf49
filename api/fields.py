"""Serializer fields that have one shape everywhere in the API."""

from datetime import UTC
from typing import Any

from rest_framework import serializers


class MoneyField(serializers.DecimalField):
    """An amount as a decimal string; its currency is a sibling field, `currency`."""

    def __init__(self, *, max_digits: int = 18, decimal_places: int = 6, **options: Any) -> None:
        super().__init__(
            max_digits=max_digits, decimal_places=decimal_places, coerce_to_string=True, **options
        )


class UtcDateTimeField(serializers.DateTimeField):
    """A time in ISO 8601: written in UTC with a final Z; read as UTC if it has no offset."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)
