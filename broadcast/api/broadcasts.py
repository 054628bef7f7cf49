"""`/broadcast/` and `/broadcast/messages/`: each action makes one domain call."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from api.error_schema import ErrorResponseSerializer, example
from api.pagination import KeysetPages, NumberedPages
from api.strict_serializers import refuse_body
from broadcast import lifecycle
from broadcast.api import recipients
from broadcast.api.controls import HOLD_REFUSED, MOVE_REFUSED, ControlActions
from broadcast.api.filters import BroadcastFilter, MessageFilter
from broadcast.api.input_serializers import (
    BroadcastWriteSerializer,
    ScheduleSerializer,
    SendSerializer,
)
from broadcast.api.serializers import (
    BroadcastDetailSerializer,
    BroadcastSerializer,
    DashboardRowSerializer,
    MessageSerializer,
)
from broadcast.models import Broadcast, BroadcastMessage
from broadcast.states import BroadcastStatus
from tenants.api.permissions import Action, may
from tenants.api.scoped_views import TenantScoped

CREATE_EXAMPLE = OpenApiExample(
    "A scheduled WhatsApp broadcast",
    value={
        "name": "Summer Sale Campaign",
        "platform": "WHATSAPP",
        "template_name": "summer_sale",
        "recipients": ["0198c0de-0000-7000-8000-000000000001"],
        "scheduled_at": "2027-07-01T10:00:00Z",
    },
    request_only=True,
)

SEND_EXAMPLE = OpenApiExample(
    "Only if the estimate still holds",
    value={"estimate_hash": "eyJjb3N0Ijoi…fQ.4f0c1e"},
    request_only=True,
)

SUMMED = ("total", "handed_over", "failed", "unknown", "suppressed", "clicked")
"""Counters that the dashboard's `totals` add up."""
CUMULATIVE = ("sent", "delivered", "read")
"""Sums of what the providers report: a broadcast without reports adds nothing to the last two."""

TAKE_REFUSED = {**HOLD_REFUSED, 413: ErrorResponseSerializer}
"""Error answers of a request that takes recipients: its body may be too large."""

TOO_LITTLE_CREDIT = example(
    402,
    "insufficient_credit",
    "This needs 4.200000 EUR of credit and 1.000000 EUR is available. Top up the wallet or choose "
    "fewer recipients.",
)


class DashboardPages(NumberedPages):
    """Numbered pages with the sums of all pages."""

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        page = super().get_paginated_response_schema(schema)
        sums: dict[str, Any] = {name: {"type": "integer"} for name in (*SUMMED, *CUMULATIVE)}
        sums["cost"] = {"type": "string", "format": "decimal"}
        totals = {"type": "object", "required": sorted(sums), "properties": sums}
        return {
            **page,
            "required": [*page["required"], "totals"],
            "properties": {**page["properties"], "totals": totals},
        }


class BroadcastViewSet(
    ControlActions,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
):
    """Broadcasts with their counts and cost, newest first."""

    queryset = Broadcast.objects.select_related("tenant", "sender", "counters")
    serializer_class = BroadcastSerializer
    filterset_class = BroadcastFilter
    body_limits = dict.fromkeys(("create", "update", "partial_update"), recipients.LARGEST_BODY)
    too_large_hint = recipients.TOO_LARGE_HINT
    required = {
        **ControlActions.required,
        "send": Action.SEND,
        "schedule": Action.SEND,
        "unschedule": Action.SEND,
        "cancel": Action.SEND,
    }

    @extend_schema(
        request=BroadcastWriteSerializer,
        responses={201: BroadcastDetailSerializer, 202: BroadcastDetailSerializer, **TAKE_REFUSED},
        examples=[CREATE_EXAMPLE, TOO_LITTLE_CREDIT],
        description="Create a broadcast: SCHEDULED if `scheduled_at` is given, else a DRAFT.",
    )
    def create(self, request: Request) -> Response:
        fields = self._input(request)
        self._require_send(launches=fields.get("scheduled_at") is not None)
        refs = recipients.parse(fields.pop("recipients")) if "recipients" in fields else None
        broadcast = lifecycle.create(
            tenant=self.tenant,
            actor=self.actor,
            fields=fields,
            recipients=refs,
            now=timezone.now(),
        )
        return self.answer(broadcast, created=True)

    @extend_schema(
        request=BroadcastWriteSerializer,
        responses={200: BroadcastDetailSerializer, 202: BroadcastDetailSerializer, **TAKE_REFUSED},
    )
    def update(self, request: Request, pk: str) -> Response:
        """Change a broadcast as PATCH does, but require name and platform.

        Fields that are left out keep their values. The answer is 202 while a new audience is being
        planned.
        """
        return self._edit(request, pk, partial=False)

    @extend_schema(
        request=BroadcastWriteSerializer,
        responses={200: BroadcastDetailSerializer, 202: BroadcastDetailSerializer, **TAKE_REFUSED},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a DRAFT or SCHEDULED broadcast; fields that are left out keep their values.

        The answer is 202 while a new audience is being planned.
        """
        return self._edit(request, pk, partial=True)

    @extend_schema(responses={204: None, **MOVE_REFUSED})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a broadcast if no message was handed over to a provider."""
        self._require_send(launches=self.get_object().status != BroadcastStatus.DRAFT)
        lifecycle.delete(tenant=self.tenant, broadcast_id=UUID(pk), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request=SendSerializer,
        responses={
            200: BroadcastDetailSerializer,
            202: BroadcastDetailSerializer,
            **HOLD_REFUSED,
        },
        examples=[SEND_EXAMPLE, TOO_LITTLE_CREDIT],
    )
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str) -> Response:
        """Send the broadcast now; the answer is 202 while its audience is being planned."""
        body = SendSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return self.answer(
            lifecycle.send(
                tenant=self.tenant,
                broadcast_id=UUID(pk),
                estimate_hash=body.validated_data["estimate_hash"],
                now=timezone.now(),
            )
        )

    @extend_schema(
        request=ScheduleSerializer,
        responses={200: BroadcastDetailSerializer, 202: BroadcastDetailSerializer, **HOLD_REFUSED},
        examples=[TOO_LITTLE_CREDIT],
    )
    @action(detail=True, methods=["post"])
    def schedule(self, request: Request, pk: str) -> Response:
        """Schedule the broadcast for a future time; a SCHEDULED broadcast gets the new time."""
        self.get_object()
        body = ScheduleSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return self.answer(
            lifecycle.schedule(
                tenant=self.tenant,
                broadcast_id=UUID(pk),
                at=body.validated_data["scheduled_at"],
                estimate_hash=body.validated_data["estimate_hash"],
                now=timezone.now(),
            )
        )

    @extend_schema(request=None, responses={200: BroadcastDetailSerializer, **MOVE_REFUSED})
    @action(detail=True, methods=["post"])
    def unschedule(self, request: Request, pk: str) -> Response:
        """Return the broadcast to DRAFT and release its credits."""
        refuse_body(request)
        return self.answer(
            lifecycle.unschedule(tenant=self.tenant, broadcast_id=UUID(pk), now=timezone.now())
        )

    @extend_schema(request=None, responses={200: BroadcastDetailSerializer, **MOVE_REFUSED})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop the broadcast permanently.

        The credits of messages that were not handed over are released.
        """
        refuse_body(request)
        return self.answer(
            lifecycle.cancel(tenant=self.tenant, broadcast_id=UUID(pk), now=timezone.now())
        )

    @extend_schema(responses={200: DashboardRowSerializer(many=True)})
    @action(
        detail=False,
        methods=["get"],
        serializer_class=DashboardRowSerializer,
        pagination_class=DashboardPages,
    )
    def dashboard(self, request: Request) -> Response:
        """List each broadcast's figures, newest first; `totals` sums all pages of the list."""
        rows = self.filter_queryset(self.get_queryset())
        page = self.paginate_queryset(rows)
        answer = self.get_paginated_response(self.get_serializer(page, many=True).data)
        answer.data["totals"] = _totals(rows)
        return answer

    def get_serializer_class(self) -> type[BaseSerializer[Broadcast]]:
        return BroadcastDetailSerializer if self.action == "retrieve" else self.serializer_class

    def _require_send(self, *, launches: bool) -> None:
        """What goes out needs the right SEND, also if it is launched or changed by a field.

        Raises PermissionDenied.
        """
        if launches and not may(self.membership, Action.SEND):
            raise PermissionDenied("Your role does not allow sending: leave scheduled_at out.")

    def _edit(self, request: Request, pk: str, *, partial: bool) -> Response:
        broadcast = self.get_object()
        fields = self._input(request, of=broadcast, partial=partial)
        is_due = broadcast.status != BroadcastStatus.DRAFT
        self._require_send(launches=is_due or fields.get("scheduled_at") is not None)
        refs = recipients.parse(fields.pop("recipients")) if "recipients" in fields else None
        broadcast = lifecycle.edit(
            tenant=self.tenant,
            broadcast_id=UUID(pk),
            fields=fields,
            recipients=refs,
            actor=self.actor,
            now=timezone.now(),
        )
        return self.answer(broadcast)

    def _input(
        self, request: Request, *, of: Broadcast | None = None, partial: bool = False
    ) -> dict[str, Any]:
        body = BroadcastWriteSerializer(
            of, data=request.data, partial=partial, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)


def _totals(rows: Any) -> dict[str, Any]:
    sums = rows.order_by().aggregate(
        **{name: Sum(f"counters__{name}", default=0) for name in SUMMED},
        read=Sum("counters__read", default=0),
        not_read=Sum("counters__delivered", default=0),
        cost=Sum("counters__cost", default=0),
    )
    delivered = sums.pop("not_read") + sums["read"]
    cost = f"{sums['cost']:.6f}"
    return {**sums, "sent": sums["handed_over"], "delivered": delivered, "cost": cost}


class MessageViewSet(
    TenantScoped[BroadcastMessage],
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    GenericViewSet[BroadcastMessage],
):
    """Messages of all broadcasts, newest first; read-only."""

    queryset = BroadcastMessage.objects.select_related("broadcast__sender")
    serializer_class = MessageSerializer
    filterset_class = MessageFilter
    pagination_class = KeysetPages
