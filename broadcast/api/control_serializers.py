"""What the actions on a broadcast that is on its way or over take and give."""

from typing import Any

from rest_framework import serializers

from api.strict_serializers import StrictSerializer
from broadcast.api.serializers import BroadcastDetailSerializer
from broadcast.followup.resolving import Decision

MAX_RESOLVED = 10_000


class PauseSerializer(StrictSerializer):
    reason = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Shown with it."
    )


class RetrySerializer(StrictSerializer):
    include_unreachable = serializers.BooleanField(
        default=False,
        help_text="Also those refused for good because of the recipient: blocked, no such number.",
    )


class ResolveSerializer(StrictSerializer):
    action = serializers.ChoiceField(choices=Decision.choices)
    messages = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=MAX_RESOLVED,
        help_text="Ids of messages; all that are UNKNOWN where it is missing.",
    )


class ResolvedSerializer(serializers.Serializer[Any]):
    """`child`: the broadcast that sends again to recipients of one that had finished."""

    resolved = serializers.IntegerField(source="count")
    child = serializers.UUIDField(source="child.pk", allow_null=True, default=None)
    broadcast = BroadcastDetailSerializer()
