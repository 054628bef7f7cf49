"""Views of the tests that use the conventions of the API, on routes of their own."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from api.errors import Conflict, InvalidInput
from api.fields import MoneyField, UtcDateTimeField
from api.pagination import KeysetPages
from api.routing import OptionalSlashRouter, optional_slash
from channels.http.asking import ProviderUnreachable
from tenants.api.permissions import Action
from tenants.api.scoped_fields import TenantRelatedField
from tenants.api.scoped_views import TenantScoped, TenantView
from tenants.models import IdempotencyRecord, Membership, User


class MembershipProbeSerializer(serializers.ModelSerializer[Membership]):
    class Meta:
        model = Membership
        fields = ("id", "role", "user")


class MembershipProbe(TenantScoped[Membership], ModelViewSet[Membership]):
    queryset = Membership.objects.order_by("id")
    serializer_class = MembershipProbeSerializer
    required: ClassVar[Mapping[str, Action]] = {"credentials": Action.MANAGE_CREDENTIALS}

    @action(detail=True, methods=["post"])
    def credentials(self, request: Request, pk: str) -> Response:
        return Response({"id": str(self.get_object().pk)})


class RightProbe(TenantView):
    """A view that needs one right for all methods."""

    def post(self, request: Request) -> Response:
        return Response({"ok": True})


class FieldsSerializer(serializers.Serializer[Any]):
    member = TenantRelatedField(queryset=Membership.objects.all(), required=False)
    amount = MoneyField(required=False)
    at = UtcDateTimeField(required=False)
    text = serializers.CharField(required=False)
    anything = serializers.JSONField(required=False)


class FieldsProbe(TenantView):
    def post(self, request: Request) -> Response:
        serializer = FieldsSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        return Response(FieldsSerializer(serializer.validated_data).data)


class RecordSerializer(serializers.ModelSerializer[IdempotencyRecord]):
    class Meta:
        model = IdempotencyRecord
        fields = ("key",)


class KeysetProbe(TenantScoped[IdempotencyRecord]):
    pagination_class = KeysetPages
    keyset = ("-created_at", "-id")

    def get(self, request: Request) -> Response:
        rows = IdempotencyRecord.objects.filter(tenant=self.tenant)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(RecordSerializer(page, many=True).data)


class EffectProbe(TenantView):
    """Creates the user that the body names; if the body has `refuse`, refuses afterwards.

    If the body has `seconds`, it waits before.
    """

    def post(self, request: Request) -> Response:
        body: Any = request.data
        time.sleep(body.get("seconds", 0))
        user = User.objects.create_user(body["email"])
        if body.get("refuse"):
            raise Conflict("Refused.")
        answer = {"z": str(user.pk), "a": user.email, "atomic": connection.in_atomic_block}
        return Response(answer, status=201)


class ProviderProbe(EffectProbe):
    """Stands for a view that waits for a provider."""

    calls_provider = frozenset({"post"})


class RefusalProbe(APIView):
    """Raises the error that its path names."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request, kind: str) -> Response:
        raise REFUSALS[kind]


REFUSALS: Mapping[str, Exception] = {
    "conflict": Conflict("Not now.", data={"status": "SENT", "retry_after": 7}),
    "invalid": InvalidInput("No such field.", attr="recipients.3.phone"),
    "unavailable": ProviderUnreachable("It did not answer."),
    "bug": ZeroDivisionError("a secret"),
    "model": ValidationError({"key": ["Not a key."]}, code="invalid"),
    "suspicious": SuspiciousOperation("a secret"),
}


def broken_page(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a secret")


router = OptionalSlashRouter()
router.register("things/members", MembershipProbe, basename="probe-member")
router.register("things", MembershipProbe, basename="probe")

urlpatterns = [
    optional_slash("fields", FieldsProbe.as_view(), name="fields"),
    optional_slash("keyset", KeysetProbe.as_view(), name="keyset"),
    optional_slash("effect", EffectProbe.as_view(), name="effect"),
    optional_slash("provider", ProviderProbe.as_view(), name="provider"),
    optional_slash("effect2", EffectProbe.as_view(), name="effect2"),
    optional_slash(r"refusals/(?P<kind>[a-z]+)", RefusalProbe.as_view(), name="refusal"),
    optional_slash("broken", broken_page, name="broken"),
    *[
        optional_slash(f"rights/{right}", RightProbe.as_view(required=right), name=f"right-{right}")
        for right in Action
    ],
    *router.urls,
]

handler400 = "api.error_pages.bad_request"
handler404 = "api.error_pages.not_found"
handler500 = "api.error_pages.server_error"
