"""Serializers that read a body completely or refuse it: no key is ignored silently."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

MAX_NAMED = 10


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown keys, because a misspelt key must not be ignored.

    Read-only fields and the names in `also_shown` are accepted and ignored, so that a client can
    send back what it has read. A nested object must be complete even if the body is a PATCH's.
    """

    also_shown: ClassVar[frozenset[str]] = frozenset()
    """Names of fields that the answer's serializer adds; they are accepted and ignored."""
    one_of: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """JSON schemas, for the document: the body fits exactly one. They name the required members."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_surplus(data)
            if self.root is not self and getattr(self.root, "partial", False):
                self._refuse_missing(data)
        return super().to_internal_value(data)

    def _refuse_surplus(self, data: Mapping[str, Any]) -> None:
        surplus = sorted(str(key) for key in set(data) - set(self.fields) - self.also_shown)
        if surplus:
            names = [name for name, field in self.fields.items() if not field.read_only]
            hint = f"Known are: {', '.join(names)}." if names else "No field is known."
            refusal = ErrorDetail(f"Unknown here. {hint}", code="unknown_field")
            raise serializers.ValidationError({name: [refusal] for name in surplus[:MAX_NAMED]})

    def _refuse_missing(self, data: Mapping[str, Any]) -> None:
        missing = {
            name: field.error_messages["required"]
            for name, field in self.fields.items()
            if field.required and name not in data
        }
        if missing:
            raise serializers.ValidationError(missing, code="required")


class EmptyBody(StrictSerializer):
    """The body of an action that takes no fields."""


def refuse_body(request: Request) -> None:
    """Refuses fields in the body of an action that takes none; {} and null are accepted."""
    body: Any = request.data
    EmptyBody(data={} if body is None else body).is_valid(raise_exception=True)
