"""`/broadcast/estimate/` and `/broadcast/{id}/estimate/`: they change nothing."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.error_schema import ErrorResponseSerializer
from api.fields import MoneyField
from api.strict_serializers import refuse_body
from broadcast.api import recipients
from broadcast.api.input_serializers import ToEstimateSerializer
from broadcast.models import Broadcast
from broadcast.planning.estimating import Estimate, estimate
from tenants.api.permissions import Action
from tenants.api.scoped_views import TenantView


class EstimateCountrySerializer(serializers.Serializer[Any]):
    country = serializers.CharField(help_text="Of the recipients' numbers; empty where not known.")
    category = serializers.CharField()
    messages = serializers.IntegerField()
    segments = serializers.IntegerField()
    cost = MoneyField()


class EstimateWalletSerializer(serializers.Serializer[Any]):
    """`available_after` below zero is what is missing."""

    balance = MoneyField()
    held = MoneyField()
    available_before = MoneyField()
    available_after = MoneyField()


class EstimateWarningSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class EstimateSerializer(serializers.Serializer[Any]):
    """`suppressed`: reason → recipients. `expected_seconds`: at least, once it has started."""

    total = serializers.IntegerField()
    to_send = serializers.IntegerField()
    suppressed = serializers.DictField(child=serializers.IntegerField())
    segments = serializers.IntegerField()
    cost = MoneyField()
    currency = serializers.CharField()
    by_country = EstimateCountrySerializer(many=True)
    wallet = EstimateWalletSerializer()
    expected_seconds = serializers.FloatField()
    warnings = EstimateWarningSerializer(many=True)
    estimate_hash = serializers.CharField(help_text="What `send/` and `schedule/` may quote.")


class BroadcastEstimateView(TenantView):
    """Of a saved DRAFT what sending it now would come to; of a SCHEDULED one what is planned."""

    required = Action.READ

    @extend_schema(
        operation_id="broadcast_estimate_retrieve",
        responses={200: EstimateSerializer, 409: ErrorResponseSerializer},
    )
    def get(self, request: Request, pk: str) -> Response:
        """Who will be written to, who not and why, what it costs; nothing is written."""
        return self._answer(pk)

    @extend_schema(
        operation_id="broadcast_estimate",
        request=None,
        responses={200: EstimateSerializer, 409: ErrorResponseSerializer},
    )
    def post(self, request: Request, pk: str) -> Response:
        """The same as GET."""
        refuse_body(request)
        return self._answer(pk)

    def _answer(self, pk: str) -> Response:
        broadcast = (
            Broadcast.objects.for_tenant(self.tenant)
            .select_related("tenant", "sender", "template")
            .filter(pk=pk)
            .first()
        )
        if broadcast is None:
            raise Http404
        return Response(_shown(estimate(broadcast=broadcast, now=timezone.now())))


class NewEstimateView(TenantView):
    """Of a broadcast that is not saved."""

    required = Action.READ

    @extend_schema(
        operation_id="broadcast_estimate_unsaved",
        request=ToEstimateSerializer,
        responses={200: EstimateSerializer},
        examples=[
            OpenApiExample(
                "All contacts, by Telegram",
                value={
                    "platform": "TELEGRAM",
                    "text": "Hello {{first_name|there}}",
                    "audience": {"all": True},
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Takes what `POST /broadcast/` takes, with or without a name; nothing is written."""
        given = ToEstimateSerializer(data=request.data, context={"request": request})
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        fields.pop("scheduled_at", None)
        named = recipients.parse(fields.pop("recipients")) if "recipients" in fields else None
        broadcast = Broadcast(tenant=self.tenant, **fields)
        found = estimate(broadcast=broadcast, recipients=named, now=timezone.now())
        return Response(_shown(found))


def _shown(found: Estimate) -> dict[str, Any]:
    return dict(
        EstimateSerializer(
            {
                "total": found.total,
                "to_send": found.to_send,
                "suppressed": found.suppressed,
                "segments": found.segments,
                "cost": found.cost,
                "currency": found.currency,
                "by_country": [
                    {
                        "country": each.country,
                        "category": found.category,
                        "messages": each.messages,
                        "segments": each.segments,
                        "cost": each.cost,
                    }
                    for each in found.countries
                ],
                "wallet": {
                    "balance": found.balance,
                    "held": found.held,
                    "available_before": found.available_before,
                    "available_after": found.available_after,
                },
                "expected_seconds": found.seconds,
                "warnings": [{"code": each.code, "detail": each.detail} for each in found.warnings],
                "estimate_hash": found.hash,
            }
        ).data
    )
