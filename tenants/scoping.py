"""Tenant scoping: each query on a tenant's rows starts with `for_tenant`."""

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from tenants.models import Tenant

M = TypeVar("M", bound=models.Model)


class TenantQuerySet(models.QuerySet[M]):
    """Rows of a model that has a `tenant` foreign key."""

    def for_tenant(self, tenant: "Tenant") -> Self:
        return self.filter(tenant=tenant)
