"""Serializer fields that are scoped to the caller's tenant."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

from tenants.models import Membership
from tenants.scoping import TenantQuerySet

M = TypeVar("M", bound=Model)


class TenantRelatedField(serializers.PrimaryKeyRelatedField[M]):
    """The id of a row of the caller's tenant; another tenant's id is rejected as unknown."""

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
