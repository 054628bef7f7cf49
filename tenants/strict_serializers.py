"""Objects within a body that lose nothing silently."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class Strict(serializers.Serializer[Any]):
    """Refuses keys that it does not know: a misspelt one must not be lost silently."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            surplus = sorted(str(key) for key in set(data) - set(self.fields))
            if surplus:
                raise serializers.ValidationError(f"Unknown: {', '.join(surplus)[:200]}.")
        return super().to_internal_value(data)
