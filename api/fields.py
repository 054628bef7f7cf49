"""Fields and filters that have one shape everywhere in the API."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.validators import EMPTY_VALUES
from django.utils.dateparse import parse_datetime
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from rest_framework import serializers

from api.errors import InvalidInput

MAX_NAME = 100
MAX_NAMES = 300
"""Ten cards of a carousel with a dozen parameters each fit in twice."""


class MoneyField(serializers.DecimalField):
    """An amount as a decimal string; its currency is a sibling field, `currency`."""

    def __init__(self, *, max_digits: int = 18, decimal_places: int = 6, **options: Any) -> None:
        super().__init__(
            max_digits=max_digits, decimal_places=decimal_places, coerce_to_string=True, **options
        )


class NoOffset(InvalidInput):
    """The time has no offset from UTC, so it could be meant in any time zone."""

    code = "no_offset"


def read_time(text: str) -> datetime:
    """The time in UTC of a text in ISO 8601 with an offset. Raises InvalidInput without an attr.

    A time without an offset is refused: a client that means its own clock would send hours early
    or late, and nobody would see why.
    """
    try:
        moment = parse_datetime(text)
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise InvalidInput(
            "Give a time such as 2027-07-01T10:00:00Z or 2027-07-01T12:00:00+02:00; in a URL, "
            "write + as %2B."
        )
    raise NoOffset(
        "Add the offset from UTC: 2027-07-01T10:00:00Z, or 2027-07-01T12:00:00+02:00 (in a URL, "
        "write + as %2B)."
    )


class UtcDateTimeField(serializers.DateTimeField):
    """A time in ISO 8601: written in UTC with a final Z; read with any offset, never without."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)

    def to_internal_value(self, value: Any) -> datetime:
        try:
            return read_time(value if isinstance(value, str) else "")
        except InvalidInput as refusal:
            raise serializers.ValidationError(refusal.detail, code=refusal.code) from refusal


class _TimeInput(IsoDateTimeField):
    def to_python(self, value: Any) -> datetime | None:
        if value in EMPTY_VALUES:
            return None
        try:
            return read_time(str(value).strip())
        except InvalidInput as refusal:
            # As a parameter: a message is a format string, and the detail holds a percent sign.
            raise forms.ValidationError(
                "%(detail)s", code=refusal.code, params={"detail": refusal.detail}
            ) from refusal


class UtcDateTimeFilter(filters.IsoDateTimeFilter):
    """A query parameter with a time, read as UtcDateTimeField reads it."""

    field_class = _TimeInput


class TextMapField(serializers.DictField):
    """An object that maps names to texts of `max_text` characters; its size is limited."""

    default_error_messages = {
        "too_many_names": f"At most {MAX_NAMES} names.",
        "name_too_long": f"A name has {MAX_NAME} characters at most.",
    }

    def __init__(self, *, max_text: int = 1024, **options: Any) -> None:
        child = serializers.CharField(allow_blank=True, max_length=max_text)
        super().__init__(child=child, **options)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and len(data) > MAX_NAMES:
            self.fail("too_many_names")
        if isinstance(data, dict) and any(len(name) > MAX_NAME for name in data):
            self.fail("name_too_long")
        return super().to_internal_value(data)
