"""Approve, pause, resume, retry and resolve: `/broadcast/{id}/pause/` and the like."""

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from api.error_schema import ErrorResponseSerializer, example
from api.strict_serializers import refuse_body
from broadcast import lifecycle
from broadcast.api.control_serializers import (
    PauseSerializer,
    ResolvedSerializer,
    ResolveSerializer,
    RetrySerializer,
)
from broadcast.api.serializers import BroadcastDetailSerializer
from broadcast.followup.resolving import Decision
from broadcast.models import Broadcast
from tenants.api.permissions import Action
from tenants.api.scoped_views import TenantScoped
from tenants.models import User

MOVE_REFUSED = {409: ErrorResponseSerializer}
"""Error answers of an action: the broadcast's state, or another conflict, does not allow it."""

HOLD_REFUSED = {402: ErrorResponseSerializer, **MOVE_REFUSED}
"""Error answers of an action that also holds credits: too little credit is answered with 402."""

PAUSE_EXAMPLE = OpenApiExample(
    "With a reason", value={"reason": "Wrong price in the text"}, request_only=True
)

RESOLVE_EXAMPLE = OpenApiExample(
    "Count two of them as failed",
    value={
        "action": "fail",
        "messages": [
            "0198c0de-0000-7000-8000-000000000001",
            "0198c0de-0000-7000-8000-000000000002",
        ],
    },
    request_only=True,
)


class ControlActions(TenantScoped[Broadcast], GenericViewSet[Broadcast]):
    required: ClassVar[Mapping[str, Action]] = {
        "approve": Action.SEND,
        "pause": Action.SEND,
        "resume": Action.SEND,
        "retry_failed": Action.SEND,
        "resolve_unknown": Action.SEND,
    }

    @extend_schema(
        request=None,
        responses={200: BroadcastDetailSerializer, **MOVE_REFUSED},
        examples=[example(409, "own_approval", "You wrote this; somebody else has to approve it.")],
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve the broadcast with its current content; its authors may not approve it.

        A tenant may require an approval above a number of recipients or an amount. `schedule` and
        `send` then answer 409 `approval_required` until the broadcast is approved. A change of
        content or audience clears the approval. If the audience has grown beyond
        `approved_recipients`, the broadcast needs a new approval.
        """
        refuse_body(request)
        return self.answer(
            lifecycle.approve(
                tenant=self.tenant,
                broadcast_id=UUID(pk),
                actor=self.membership.user,
                now=timezone.now(),
            )
        )

    @extend_schema(
        request=PauseSerializer,
        responses={200: BroadcastDetailSerializer, **MOVE_REFUSED},
        examples=[PAUSE_EXAMPLE],
    )
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Pause the broadcast: only batches that are already being sent still go out.

        The status does not change; `paused_at` shows the pause.
        """
        self.get_object()
        body = PauseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return self.answer(
            lifecycle.pause(
                tenant=self.tenant,
                broadcast_id=UUID(pk),
                reason=body.validated_data["reason"],
                now=timezone.now(),
            )
        )

    @extend_schema(request=None, responses={200: BroadcastDetailSerializer, **MOVE_REFUSED})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Resume a paused broadcast; if its scheduled time has passed, it starts now.

        The answer is 409 `sender_broken` while the provider rejects the broadcast's sender: repair
        and check the sender first.
        """
        refuse_body(request)
        return self.answer(
            lifecycle.resume(tenant=self.tenant, broadcast_id=UUID(pk), now=timezone.now())
        )

    @extend_schema(
        request=RetrySerializer,
        responses={
            200: BroadcastDetailSerializer,
            201: BroadcastDetailSerializer,
            **HOLD_REFUSED,
        },
        examples=[example(409, "nothing_to_retry", "No failed recipient is left to retry.")],
    )
    @action(detail=True, methods=["post"], url_path="retry-failed")
    def retry_failed(self, request: Request, pk: str) -> Response:
        """Retry the failed messages of a finished broadcast in a child broadcast.

        The answer is the child, which has its own plan and hold: 201 if the child is new, 200 if a
        retry is already under way. A recipient whom a later try has reached is never retried. A
        message that was rejected permanently because of the recipient is retried only with
        `include_unreachable`.
        """
        self.get_object()
        body = RetrySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        retry = lifecycle.retry_failed(
            tenant=self.tenant,
            broadcast_id=UUID(pk),
            actor=self.actor,
            include_unreachable=body.validated_data["include_unreachable"],
            now=timezone.now(),
        )
        return self.answer(retry.child, created=retry.is_new)

    @extend_schema(
        request=ResolveSerializer,
        responses={
            200: ResolvedSerializer,
            **HOLD_REFUSED,
        },
        examples=[RESOLVE_EXAMPLE],
    )
    @action(detail=True, methods=["post"], url_path="resolve-unknown")
    def resolve_unknown(self, request: Request, pk: str) -> Response:
        """Resolve UNKNOWN messages, which the provider may or may not have accepted.

        `fail` counts the messages as failed and releases their credits. `resend` sends the messages
        again, so recipients may get them twice: the broadcast itself sends them while it is being
        sent, a child broadcast sends them after it has finished.
        """
        self.get_object()
        body = ResolveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        resolved = lifecycle.resolve_unknown(
            tenant=self.tenant,
            broadcast_id=UUID(pk),
            decision=Decision(body.validated_data["action"]),
            message_ids=body.validated_data.get("messages"),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(ResolvedSerializer(resolved, context=self.get_serializer_context()).data)

    @property
    def actor(self) -> User | None:
        return self.request.user if isinstance(self.request.user, User) else None

    def answer(self, broadcast: Broadcast, *, created: bool = False) -> Response:
        code: int = status.HTTP_201_CREATED if created else status.HTTP_200_OK
        if broadcast.planning_at is not None:
            code = status.HTTP_202_ACCEPTED
        serializer: BaseSerializer[Broadcast] = BroadcastDetailSerializer(
            broadcast, context=self.get_serializer_context()
        )
        return Response(serializer.data, status=code)
