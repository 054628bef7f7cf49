"""Request bodies that create, edit, estimate, send and schedule a broadcast."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import UtcDateTimeField
from api.strict_serializers import StrictSerializer
from broadcast.api.content_serializers import (
    CONTENT_FIELDS,
    MAX_RUNGS,
    AudienceSerializer,
    RungSerializer,
    SharedContentSerializer,
)
from broadcast.api.recipients import (
    MAX_KEY,
    MAX_RECIPIENTS,
    MAX_VALUE,
    MAX_VARIABLES,
    VARIABLE_NAME,
)
from broadcast.api.serializers import BroadcastDetailSerializer
from broadcast.models import Broadcast
from channels.models import Sender
from tenants.api.scoped_fields import TenantRelatedField
from tenants.api.send_window_serializer import SendWindowSerializer


def _recipient_by(key: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [key],
        "properties": {key: schema, "variables": VARIABLES},
        "additionalProperties": False,
    }


VARIABLES = {
    "type": "object",
    "maxProperties": MAX_VARIABLES,
    "propertyNames": {"pattern": f"^{VARIABLE_NAME.pattern}$"},
    "additionalProperties": {"type": "string", "maxLength": MAX_VALUE},
}
UUID_TEXT = {"type": "string", "format": "uuid"}
SHORT_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_KEY}
RECIPIENTS = {
    "type": "array",
    "maxItems": MAX_RECIPIENTS,
    "items": {
        "oneOf": [
            UUID_TEXT,
            _recipient_by("contact", UUID_TEXT),
            _recipient_by("phone", SHORT_TEXT),
            _recipient_by("external_id", SHORT_TEXT),
            _recipient_by("whatsapp_user_id", SHORT_TEXT),
        ]
    },
}


@extend_schema_field(RECIPIENTS)
class RecipientsField(serializers.JSONField):
    """Raw JSON; broadcast/api/recipients.py parses it, as one field per item would be slow."""


LAUNCH = "POST /broadcast/{id}/send/ or POST /broadcast/{id}/schedule/"
APPROVAL = "POST /broadcast/{id}/approve/"
PAUSE = "POST /broadcast/{id}/pause/ or POST /broadcast/{id}/resume/"
MOVE = "POST /broadcast/{id}/send/, schedule/, unschedule/ or cancel/"
PLANNED = "A change of `recipients` or `audience`"
SENDING = "Only the sending of its messages"
CHANGED_BY = {
    "default_params": "A launch by the template's `default_params`",
    "approved_by": APPROVAL,
    "approved_at": APPROVAL,
    "approved_recipients": APPROVAL,
    "status": MOVE,
    "ui_status": MOVE,
    "status_reason": LAUNCH,
    "total": PLANNED,
    "recipient_count": PLANNED,
    "duplicates_removed": PLANNED,
    "counts": SENDING,
    "funnel": SENDING,
    "cost": SENDING,
    "family": "Only a retry or a fallback",
    "expected_finish_at": "A change of `scheduled_at` or of the sender's pace",
    "planning_at": LAUNCH,
    "queued_at": LAUNCH,
    "started_at": LAUNCH,
    "paused_at": PAUSE,
    "pause_reason": PAUSE,
    "finished_at": "The end of the sending or POST /broadcast/{id}/cancel/",
}


class BroadcastWriteSerializer(
    StrictSerializer, SharedContentSerializer, serializers.ModelSerializer[Broadcast]
):
    """A draft may be incomplete: scheduling or sending it requires the missing fields."""

    shown_by = BroadcastDetailSerializer
    changed_by = CHANGED_BY

    sender = TenantRelatedField(queryset=Sender.objects.all(), required=False, allow_null=True)
    recipients = RecipientsField(required=False, write_only=True)
    audience = AudienceSerializer(required=False, allow_null=True)
    scheduled_at = UtcDateTimeField(required=False, allow_null=True)
    reference = serializers.CharField(max_length=200, required=False, allow_null=True)
    fallback = RungSerializer(  # type: ignore[call-arg]  # max_length belongs to the list
        many=True, required=False, max_length=MAX_RUNGS
    )
    send_window = SendWindowSerializer(required=False, allow_null=True)
    expires_at = UtcDateTimeField(
        required=False,
        allow_null=True,
        help_text="Messages that are not handed over by this time become EXPIRED.",
    )

    class Meta:
        model = Broadcast
        fields = (
            "name",
            "reference",
            *CONTENT_FIELDS,
            "track_urls",
            "unknown_policy",
            "frequency_cap_retries",
            "recipients",
            "audience",
            "send_window",
            "expires_at",
            "scheduled_at",
        )
        extra_kwargs = {"text": {"max_length": 10_000}}


class ToEstimateSerializer(BroadcastWriteSerializer):
    """Same body as for a new broadcast, but without a required name."""

    class Meta(BroadcastWriteSerializer.Meta):
        extra_kwargs = {**BroadcastWriteSerializer.Meta.extra_kwargs, "name": {"required": False}}


class SendSerializer(StrictSerializer):
    estimate_hash = serializers.CharField(
        max_length=1000,
        required=False,
        allow_blank=True,
        default="",
        help_text="Hash of an estimate. If the estimate has changed since, the answer is 409 "
        "`estimate_moved`.",
    )


class ScheduleSerializer(SendSerializer):
    scheduled_at = UtcDateTimeField(help_text="ISO 8601 with offset; in the future.")
