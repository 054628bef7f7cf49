"""Base views that answer only with rows of the tenant in the caller's token."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from tenants.api.idempotency import idempotent
from tenants.api.permissions import Action
from tenants.models import Membership, Tenant
from tenants.scoping import TenantQuerySet

M = TypeVar("M", bound=Model)


class TenantView(APIView):
    """A view that knows its caller's tenant; a view class names it as the first base."""

    required: ClassVar[Mapping[str, Action] | Action] = {}
    calls_provider: ClassVar[frozenset[str]] = frozenset()
    """Actions (in a plain view: methods) that wait for a provider, so not in a transaction."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Makes every POST idempotent, once the caller is known and allowed."""
        super().initial(request, *args, **kwargs)
        handler = getattr(self, "post", None)
        if request.method == "POST" and handler is not None:
            name = getattr(self, "action", None) or "post"
            once = idempotent(
                handler,
                membership=self.membership,
                in_transaction=name not in self.calls_provider,
            )
            self.__dict__["post"] = once

    @property
    def membership(self) -> Membership:
        membership = self.request.auth
        if not isinstance(membership, Membership):
            raise TypeError(f"{type(self).__name__} ran without TenantJWTAuthentication.")
        return membership

    @property
    def tenant(self) -> Tenant:
        return self.membership.tenant

    @property
    def in_schema_generation(self) -> bool:
        """True while the OpenAPI schema is built, when there is no caller and no tenant."""
        return getattr(self, "swagger_fake_view", False)


class TenantScoped(TenantView, GenericAPIView[M]):
    """Scopes a viewset to the tenant: `class XViewSet(TenantScoped[X], ModelViewSet[X])`.

    The viewset's `queryset` must be a TenantQuerySet; `create` saves the row with the tenant.
    """

    def get_queryset(self) -> QuerySet[M]:
        queryset = super().get_queryset()
        if not isinstance(queryset, TenantQuerySet):
            raise TypeError(f"{type(self).__name__}.queryset cannot be scoped to a tenant.")
        if self.in_schema_generation:
            return queryset.none()
        return queryset.for_tenant(self.tenant)

    def perform_create(self, serializer: BaseSerializer[M]) -> None:
        serializer.save(tenant=self.tenant)


class PatchOnly(GenericAPIView[M]):
    """PATCH without PUT: a client cannot repeat fields that are never returned, as PUT requires."""

    def partial_update(self, request: Request, pk: str) -> Response:
        serializer = self.get_serializer(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)
