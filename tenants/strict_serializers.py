"""Objects within a body that lose nothing silently."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class Strict(serializers.Serializer[Any]):
    """Refuses keys that it does not know: a misspelt one must not be lost silently.

    Whole also where the body around it is a PATCH's, which asks for no field of its own.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            surplus = sorted(str(key) for key in set(data) - set(self.fields))
            if surplus:
                raise serializers.ValidationError(f"Unknown: {', '.join(surplus)[:200]}.")
            if getattr(self.root, "partial", False):
                self._refuse_missing(data)
        return super().to_internal_value(data)

    def _refuse_missing(self, data: Mapping[str, Any]) -> None:
        missing = {
            name: field.error_messages["required"]
            for name, field in self.fields.items()
            if field.required and name not in data
        }
        if missing:
            raise serializers.ValidationError(missing, code="required")
