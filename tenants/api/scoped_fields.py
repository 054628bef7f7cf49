"""Serializer fields whose shape is the same everywhere in the API."""

from datetime import UTC
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

from tenants.models import Membership
from tenants.scoping import TenantQuerySet

M = TypeVar("M", bound=Model)


class TenantRelatedField(serializers.PrimaryKeyRelatedField[M]):
    """An id of a row of the caller's tenant; a foreign id is refused exactly as an unknown one."""

    def get_queryset(self) -> QuerySet[M]:
        queryset = super().get_queryset()
        if not isinstance(queryset, TenantQuerySet):
            raise TypeError(
                f"The queryset of field {self.field_name} cannot be scoped to a tenant."
            )
        request = self.context.get("request")
        membership = getattr(request, "auth", None)
        if not isinstance(membership, Membership):
            return queryset.none()
        return queryset.for_tenant(membership.tenant)


class MoneyField(serializers.DecimalField):
    """An amount as a decimal string; its currency is a sibling field, `currency`."""

    def __init__(self, *, max_digits: int = 18, decimal_places: int = 6, **options: Any) -> None:
        super().__init__(
            max_digits=max_digits, decimal_places=decimal_places, coerce_to_string=True, **options
        )


class UtcDateTimeField(serializers.DateTimeField):
    """A time in ISO 8601, answered in UTC with a final Z; one without an offset is read as UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)
