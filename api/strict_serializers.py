"""Serializers that read a body completely or refuse it: no key is ignored silently."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

MAX_NAMED = 10


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown keys, because a misspelt key must not be ignored.

    A read-only field may be sent back as it was read; another value is refused and the refusal
    names what changes the field, because a request that has no effect must not be answered with
    success. A nested object must be complete even if the body is a PATCH's.
    """

    one_of: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """JSON schemas, for the document: the body fits exactly one. They name the required members."""

    shown_by: ClassVar[type[serializers.BaseSerializer[Any]] | None] = None
    """The answer's serializer, if it is another one: its other fields are read-only here."""

    changed_by: ClassVar[Mapping[str, str]] = {}
    """Read-only field → the request or the event that changes it, as a part of a sentence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_surplus(data)
            self._refuse_other_values(data)
            if self.root is not self and getattr(self.root, "partial", False):
                self._refuse_missing(data)
        return super().to_internal_value(data)

    @property
    def read_only_names(self) -> frozenset[str]:
        """The fields of the answer that no request sets."""
        shown = getattr(self.shown_by, "Meta", None)
        own = {name for name, field in self.fields.items() if field.read_only}
        return frozenset(own | (set(getattr(shown, "fields", ())) - set(self.fields)))

    def _refuse_surplus(self, data: Mapping[str, Any]) -> None:
        surplus = sorted(str(key) for key in set(data) - set(self.fields) - self.read_only_names)
        if surplus:
            names = [name for name, field in self.fields.items() if not field.read_only]
            hint = f"Known are: {', '.join(names)}." if names else "No field is known."
            refusal = ErrorDetail(f"Unknown here. {hint}", code="unknown_field")
            raise serializers.ValidationError({name: [refusal] for name in surplus[:MAX_NAMED]})

    def _refuse_other_values(self, data: Mapping[str, Any]) -> None:
        names = sorted(self.read_only_names & set(data))
        shown = self._shown() if names and self.instance is not None else {}
        others = [name for name in names if name not in shown or not _same(data[name], shown[name])]
        if others:
            raise serializers.ValidationError(
                {name: [self._read_only(name)] for name in others[:MAX_NAMED]}
            )

    def _shown(self) -> dict[str, Any]:
        """What a GET answers now, as a client reads it."""
        serializer = self.shown_by(self.instance, context=self.context) if self.shown_by else None
        answer = serializer.data if serializer else self.to_representation(self.instance)
        shown: dict[str, Any] = json.loads(JSONRenderer().render(answer))
        return shown

    def _read_only(self, name: str) -> ErrorDetail:
        if name in self.changed_by:
            way_out = f"{self.changed_by[name]} changes it."
        elif self.instance is None:
            way_out = "Leave it out."
        else:
            way_out = "Leave it out, or send it as it is now."
        return ErrorDetail(f"This field is read-only. {way_out}", code="read_only")

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


def _same(sent: Any, shown: Any) -> bool:
    """True for equal JSON values, also if a time or a number is written in another way."""
    if isinstance(sent, bool) or isinstance(shown, bool):
        return sent is shown
    if sent == shown:
        return True
    if not isinstance(sent, str) or not isinstance(shown, str):
        return False
    try:
        moment = parse_datetime(sent)
        if moment is not None and moment == parse_datetime(shown):
            return True
        return Decimal(sent) == Decimal(shown)
    except (ValueError, InvalidOperation):
        return False
