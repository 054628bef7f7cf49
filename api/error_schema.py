"""What every refusal looks like in the OpenAPI document."""

from typing import Any

from django.db.models import TextChoices
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from api.exceptions import VALIDATION_STATUSES, error_body

FIRST_OF_SERVER = 500


class ErrorType(TextChoices):
    VALIDATION_ERROR = "validation_error"
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable; what programs act on.")
    detail = serializers.CharField(help_text="For people; may change.")
    attr = serializers.CharField(
        allow_null=True, help_text="The field, query parameter or header, as a dotted path."
    )

    data = serializers.DictField(  # type: ignore[assignment]  # a field, not Serializer.data
        required=False, help_text="Facts to act on, where there are any: choices, amounts."
    )


class ErrorResponseSerializer(serializers.Serializer[Any]):
    """The body of every refusal; a view lists it in `responses` for its statuses: `{402: …}`."""

    type = serializers.ChoiceField(choices=ErrorType.choices)
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]  # not Serializer.errors


def example(status: int, code: str, detail: str, *, attr: str | None = None) -> OpenApiExample:
    """An example of an error, for `examples` of extend_schema."""
    kind = ErrorType.VALIDATION_ERROR if status in VALIDATION_STATUSES else ErrorType.CLIENT_ERROR
    if status >= FIRST_OF_SERVER:
        kind = ErrorType.SERVER_ERROR
    return OpenApiExample(
        code,
        value=error_body(kind.value, code, detail, attr=attr),
        response_only=True,
        status_codes=[str(status)],
    )
