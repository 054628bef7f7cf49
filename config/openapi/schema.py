"""Adds to every operation of the OpenAPI schema its id, its errors and its idempotency key.

An answer's schema says which properties an answer always has.
"""

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter
from drf_standardized_errors.openapi import AutoSchema
from rest_framework.serializers import ModelSerializer

from api.error_schema import ErrorResponseSerializer, example
from api.exceptions import exception_handler
from api.fields import MAX_NAME, MAX_NAMES
from tenants.api.idempotency import HEADER, MAX_KEY_LENGTH
from tenants.api.permissions import RolePermission
from tenants.api.scoped_views import TenantView

IDEMPOTENCY_KEY = OpenApiParameter(
    name=HEADER,
    type={"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    location=OpenApiParameter.HEADER,
    description=(
        "Any string of your own, for this user and path. A repetition with the same key and body "
        "within 24 hours gets the first answer and has no further effect; another body is refused "
        "with 422. While the first request is in progress, the answer is 409 after some seconds."
    ),
)


EXAMPLES = (
    example(400, "required", "This field is required.", attr="name"),
    example(
        422,
        "idempotency_key_reused",
        "This Idempotency-Key was used for a request with another body.",
        attr=HEADER,
    ),
    example(
        409,
        "request_in_progress",
        "A request with this Idempotency-Key is in progress; try again for its answer.",
        attr=HEADER,
    ),
    example(503, "database_unavailable", "The database cannot be used now; try again soon."),
)


class Schema(AutoSchema):
    """Operation ids are `<basename>_<action>` (`broadcast_create`, `broadcast_send`)."""

    def get_operation_id(self) -> str:
        basename = getattr(self.view, "basename", None)
        action = getattr(self.view, "action", None)
        if not basename or not action:
            return str(super().get_operation_id())
        return f"{basename}_{action}".replace("-", "_")

    def get_summary(self) -> str | None:
        """The first line of the description; the closed rows of `/docs/` show no more."""
        first = str(self.get_description()).partition("\n")[0]
        return first.replace("`", "").rstrip(".") or None  # no Markdown in a summary

    def get_override_parameters(self) -> list[Any]:
        parameters = super().get_override_parameters()
        return [*parameters, IDEMPOTENCY_KEY] if self._is_idempotent() else parameters

    def _is_idempotent(self) -> bool:
        return self.method == "POST" and isinstance(self.view, TenantView)

    def _map_basic_serializer(self, serializer: Any, direction: Direction) -> dict[str, Any]:
        """An answer with a row has all its properties; StrictSerializer explains `one_of`."""
        base: Any = super()  # its method has no types
        schema: dict[str, Any] = base._map_basic_serializer(  # noqa: SLF001 - our own
            serializer, direction
        )
        cls = serializer if isinstance(serializer, type) else type(serializer)
        if direction == "response" and issubclass(cls, ModelSerializer):
            schema["required"] = sorted(schema["properties"])
        if one_of := getattr(serializer, "one_of", ()):
            schema["oneOf"] = list(one_of)
        return schema

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        if direction == "response":
            # Every operation may find no database.
            for status in ("409", "422", "503") if self._is_idempotent() else ("503",):
                responses.setdefault(status, self._error_response(status))
        return responses

    def _error_response(self, status: str) -> Any:
        base: Any = self  # its method has no types
        return base._get_response_for_code(ErrorResponseSerializer, status)  # noqa: SLF001 - our own

    def _should_add_error_response(self, responses: dict[str, Any], status_code: str) -> bool:
        """Like the base class, which knows only its own exception handler."""
        if self.view.get_exception_handler() is not exception_handler or status_code in responses:
            return False
        applies: bool = getattr(self, f"_should_add_http{status_code}_error_response")()
        return applies

    def _should_add_http400_error_response(self) -> bool:
        if self.method == "POST":
            return True  # an operation without a body refuses one
        takes_query = any(parameter["in"] == "query" for parameter in self._get_parameters())
        return takes_query or bool(self._should_add_validation_error_response())

    def _should_add_http403_error_response(self) -> bool:
        return any(
            isinstance(permission, RolePermission) for permission in self.view.get_permissions()
        )

    def _should_add_http409_error_response(self) -> bool:
        """Another request may have taken a unique value, or changed the row's state."""
        return self._has_body() and bool(self._should_add_http401_error_response())

    def _should_add_http413_error_response(self) -> bool:
        return self._has_body()

    def _should_add_http503_error_response(self) -> bool:
        return True  # PostgreSQL may be away for a moment

    def _has_body(self) -> bool:
        return self.method in {"POST", "PUT", "PATCH"}

    def _get_error_response_serializer(self, status_code: str) -> type[ErrorResponseSerializer]:
        return ErrorResponseSerializer

    def _get_error_response_examples(self) -> list[OpenApiExample]:
        return [*super()._get_error_response_examples(), *EXAMPLES]


class TextMap(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # its metaclass
    target_class = "api.fields.TextMapField"

    def map_serializer_field(self, auto_schema: Any, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer_field(  # noqa: SLF001 - no public one
            self.target, direction, bypass_extensions=True
        )
        if direction == "request":
            schema["maxProperties"] = MAX_NAMES
            schema["propertyNames"] = {"maxLength": MAX_NAME}
        return schema


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its metaclass
    target_class = "tenants.api.authentication.TenantJWTAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
