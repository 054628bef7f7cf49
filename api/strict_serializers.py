"""What a client sends is read whole or refused: nothing of it is lost silently."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

MAX_NAMED = 10


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses keys that it does not know: a misspelt one must not be lost silently.

    Read-only fields are known, and so is what is `also_shown`, so that what was read can be sent
    back. An object within another is whole also where the body around it is a PATCH's, which asks
    for no field of its own.
    """

    also_shown: ClassVar[frozenset[str]] = frozenset()
    """Names of fields that another serializer answers with, and that are not taken."""

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
            known = f"Known are: {', '.join(names)}." if names else "No field is known."
            refusal = ErrorDetail(f"Unknown here. {known}", code="unknown_field")
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
    """The body of an action that takes none."""


def refuse_body(request: Request) -> None:
    """For actions without a body: a field in one would be lost. {} and null hold none."""
    body: Any = request.data
    EmptyBody(data={} if body is None else body).is_valid(raise_exception=True)
