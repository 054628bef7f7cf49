"""Request and answer bodies of the actions in controls.py."""

from typing import Any

from rest_framework import serializers

from api.strict_serializers import StrictSerializer
from broadcast.api.serializers import BroadcastDetailSerializer
from broadcast.followup.resolving import Decision

MAX_RESOLVED = 10_000


class PauseSerializer(StrictSerializer):
    reason = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="Shown as the broadcast's `pause_reason`.",
    )


class RetrySerializer(StrictSerializer):
    include_unreachable = serializers.BooleanField(
        default=False,
        help_text="Also retry messages that were rejected permanently because of the recipient, "
        "for example a blocked or a non-existent number.",
    )


class ResolveSerializer(StrictSerializer):
    action = serializers.ChoiceField(choices=Decision.choices)
    messages = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=MAX_RESOLVED,
        help_text="Ids of messages. Default: all messages that are UNKNOWN.",
    )


class ResolvedSerializer(serializers.Serializer[Any]):
    """`child` is the broadcast that resends the messages of a finished broadcast, else null."""

    resolved = serializers.IntegerField(source="count")
    child = serializers.UUIDField(source="child.pk", allow_null=True, default=None)
    broadcast = BroadcastDetailSerializer()
