"""`/broadcast/estimate/` and `/broadcast/{id}/estimate/`: estimates, which change nothing."""

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
from channels.platforms import Category
from tenants.api.permissions import Action
from tenants.api.scoped_views import TenantView


class EstimateCountrySerializer(serializers.Serializer[Any]):
    country = serializers.CharField(help_text="Country of the numbers; empty if not known.")
    category = serializers.ChoiceField(choices=Category.choices)
    messages = serializers.IntegerField()
    segments = serializers.IntegerField()
    cost = MoneyField()


class EstimateWalletSerializer(serializers.Serializer[Any]):
    """A negative `available_after` is the credit that is missing."""

    balance = MoneyField()
    held = MoneyField()
    available_before = MoneyField()
    available_after = MoneyField()


class EstimateWarningSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class EstimateSerializer(serializers.Serializer[Any]):
    """`suppressed` maps a reason to its number of recipients.

    `expected_seconds` is the minimum duration of the sending, in seconds.
    """

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
    estimate_hash = serializers.CharField(help_text="Pass it to `send/` or `schedule/`.")


class BroadcastEstimateView(TenantView):
    """Estimate of a saved broadcast: a DRAFT as if it were sent now, a SCHEDULED one as planned."""

    required = Action.READ

    @extend_schema(
        operation_id="broadcast_estimate_retrieve",
        responses={
            200: EstimateSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
        },
    )
    def get(self, request: Request, pk: str) -> Response:
        """Estimate recipients, suppressed recipients by reason, and cost; nothing is stored."""
        return self._answer(pk)

    @extend_schema(
        operation_id="broadcast_estimate",
        request=None,
        responses={200: EstimateSerializer, 409: ErrorResponseSerializer},
    )
    def post(self, request: Request, pk: str) -> Response:
        """Answer the same as GET."""
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
        return Response(_as_json(estimate(broadcast=broadcast, now=timezone.now())))


class NewEstimateView(TenantView):
    """Estimate of a broadcast that is not saved."""

    required = Action.READ
    body_limits = {"post": recipients.LARGEST_BODY}
    too_large_hint = recipients.TOO_LARGE_HINT

    @extend_schema(
        operation_id="broadcast_estimate_unsaved",
        request=ToEstimateSerializer,
        responses={200: EstimateSerializer, 413: ErrorResponseSerializer},
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
        """Estimate the body of a `POST /broadcast/`, with or without a name; nothing is stored."""
        body = ToEstimateSerializer(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        fields = dict(body.validated_data)
        fields.pop("scheduled_at", None)
        refs = recipients.parse(fields.pop("recipients")) if "recipients" in fields else None
        broadcast = Broadcast(tenant=self.tenant, **fields)
        return Response(
            _as_json(estimate(broadcast=broadcast, recipients=refs, now=timezone.now()))
        )


def _as_json(result: Estimate) -> dict[str, Any]:
    return dict(
        EstimateSerializer(
            {
                "total": result.total,
                "to_send": result.to_send,
                "suppressed": result.suppressed,
                "segments": result.segments,
                "cost": result.cost,
                "currency": result.currency,
                "by_country": [
                    {
                        "country": country.country,
                        "category": result.category,
                        "messages": country.messages,
                        "segments": country.segments,
                        "cost": country.cost,
                    }
                    for country in result.countries
                ],
                "wallet": {
                    "balance": result.balance,
                    "held": result.held,
                    "available_before": result.available_before,
                    "available_after": result.available_after,
                },
                "expected_seconds": result.seconds,
                "warnings": [
                    {"code": warning.code, "detail": warning.detail} for warning in result.warnings
                ],
                "estimate_hash": result.hash,
            }
        ).data
    )
