"""Answers with broadcasts, messages and dashboard rows."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import MoneyField, UtcDateTimeField
from broadcast.api.content_serializers import (
    CONTENT_FIELDS,
    AudienceSerializer,
    ButtonSerializer,
    MediaSerializer,
    ShownRungSerializer,
)
from broadcast.followup.children import family_of
from broadcast.models import Broadcast, BroadcastMessage
from broadcast.planning.duration import expected_finish_at
from broadcast.presentation import funnel, message_ui_status, rate
from broadcast.states import EDITABLE, BroadcastKind, BroadcastStatus
from channels.platforms import Platform
from tenants.api.send_window_serializer import SendWindowSerializer


class CostSerializer(serializers.Serializer[Any]):
    """`amount` is the credits captured so far, less refunds."""

    amount = MoneyField()
    currency = serializers.CharField()


class FunnelSerializer(serializers.Serializer[Any]):
    """Cumulative counts; null if the provider does not report this status."""

    handed_over = serializers.IntegerField()
    delivered = serializers.IntegerField(allow_null=True)
    read = serializers.IntegerField(allow_null=True)


class CountsSerializer(serializers.Serializer[Any]):
    """Messages by current status; the counts add up to `total`."""

    pending = serializers.IntegerField()
    sending = serializers.IntegerField()
    on_hold = serializers.IntegerField(
        help_text="Accepted and held by the provider; never sent again."
    )
    sent = serializers.IntegerField()
    delivered = serializers.IntegerField()
    read = serializers.IntegerField()
    failed = serializers.IntegerField()
    unknown = serializers.IntegerField()
    suppressed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    expired = serializers.IntegerField()


@extend_schema_field(
    {
        "type": "integer",
        "nullable": True,
        "example": 1200,
        "description": "Number of recipients of the audience when the broadcast was approved: if "
        "the audience has grown, the broadcast needs a new approval. Null without an approval, and "
        "if the broadcast lists its recipients.",
    }
)
class ApprovedRecipients(serializers.IntegerField):
    pass


class BroadcastSerializer(serializers.ModelSerializer[Broadcast]):
    ui_status = serializers.CharField(read_only=True)
    counts = serializers.SerializerMethodField()
    total = serializers.IntegerField(source="counters.total")
    recipient_count = serializers.IntegerField(source="counters.total")
    funnel = serializers.SerializerMethodField()
    cost = serializers.SerializerMethodField()
    expected_finish_at = serializers.SerializerMethodField()
    scheduled_at = UtcDateTimeField(allow_null=True)
    expires_at = UtcDateTimeField(allow_null=True)
    audience = AudienceSerializer(allow_null=True)
    template_params = serializers.DictField(child=serializers.CharField())
    default_params = serializers.DictField(
        child=serializers.CharField(),
        help_text="Values that the launch took from the template's `default_params`.",
    )
    media = MediaSerializer(allow_null=True)
    buttons = ButtonSerializer(many=True)
    fallback = ShownRungSerializer(many=True)
    send_window = SendWindowSerializer(allow_null=True)
    approved_recipients = ApprovedRecipients(allow_null=True)

    class Meta:
        model = Broadcast
        fields = (
            "id",
            "name",
            "reference",
            "kind",
            "parent",
            *CONTENT_FIELDS,
            "default_params",
            "fallback_step",
            "track_urls",
            "unknown_policy",
            "frequency_cap_retries",
            "audience",
            "send_window",
            "expires_at",
            "approved_by",
            "approved_at",
            "approved_recipients",
            "status",
            "ui_status",
            "status_reason",
            "counts",
            "total",
            "recipient_count",
            "duplicates_removed",
            "funnel",
            "cost",
            "expected_finish_at",
            "scheduled_at",
            "planning_at",
            "queued_at",
            "started_at",
            "paused_at",
            "pause_reason",
            "finished_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    @extend_schema_field(CountsSerializer)
    def get_counts(self, broadcast: Broadcast) -> dict[str, int]:
        return broadcast.counters.by_status()

    @extend_schema_field(FunnelSerializer)
    def get_funnel(self, broadcast: Broadcast) -> dict[str, int | None]:
        return funnel(broadcast)

    @extend_schema_field(CostSerializer)
    def get_cost(self, broadcast: Broadcast) -> dict[str, str]:
        return {"amount": str(broadcast.counters.cost), "currency": broadcast.tenant.currency}

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_expected_finish_at(self, broadcast: Broadcast) -> str | None:
        finish = expected_finish_at(broadcast, now=timezone.now())
        return None if finish is None else UtcDateTimeField().to_representation(finish)


class FamilyMemberSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=BroadcastKind.choices)
    platform = serializers.ChoiceField(choices=Platform.choices)
    status = serializers.ChoiceField(choices=BroadcastStatus.choices)


class FamilySerializer(serializers.Serializer[Any]):
    """Sums over the broadcast and its children; a recipient counts once in each broadcast."""

    broadcasts = FamilyMemberSerializer(many=True)
    counts = CountsSerializer()
    handed_over = serializers.IntegerField()
    cost = MoneyField()


class BroadcastDetailSerializer(BroadcastSerializer):
    family = serializers.SerializerMethodField(help_text="Null if the broadcast has no children.")

    class Meta(BroadcastSerializer.Meta):
        fields: tuple[str, ...] = (*BroadcastSerializer.Meta.fields, "family")  # type: ignore[assignment]  # one more
        read_only_fields = fields  # type: ignore[assignment]  # one more

    @extend_schema_field(FamilySerializer(allow_null=True))
    def get_family(self, broadcast: Broadcast) -> Any:
        if broadcast.status in EDITABLE:
            return None  # no message has been sent yet, so there are no children
        family = family_of(broadcast)
        return None if family is None else FamilySerializer(family).data


class MessageSerializer(serializers.ModelSerializer[BroadcastMessage]):
    platform = serializers.ChoiceField(choices=Platform.choices, source="broadcast.platform")
    ui_status = serializers.SerializerMethodField()
    price = MoneyField()

    class Meta:
        model = BroadcastMessage
        fields = (
            "id",
            "broadcast",
            "parent_message_id",
            "seq",
            "contact",
            "address",
            "platform",
            "status",
            "ui_status",
            "error_code",
            "error_message",
            "provider_error_code",
            "provider_message_id",
            "price",
            "currency",
            "charge_state",
            "attempts",
            "clicked",
            "created_at",
            "sent_at",
            "delivered_at",
            "read_at",
            "failed_at",
        )
        read_only_fields = fields

    def get_ui_status(self, message: BroadcastMessage) -> str:
        return message_ui_status(message)


class DashboardRowSerializer(serializers.ModelSerializer[Broadcast]):
    """One broadcast's figures; sent, delivered and read are cumulative: sent ⊇ delivered ⊇ read.

    sent: messages that the provider ever accepted, whatever it reported afterwards (`handed_over`
    is the same number). delivered: messages that are DELIVERED or READ now. read: messages that are
    READ now. Both are null if the provider does not report them. failed, unknown, suppressed:
    messages in that status now. clicked: messages with a click on a short link. cost: captured
    credits less refunds. delivery_rate, read_rate, click_rate: delivered, read, clicked ÷ sent,
    from 0 to 1; null if the provider does not report the count or no message was sent. In
    `counts` of a broadcast, `sent` counts only messages that are SENT now.
    """

    ui_status = serializers.CharField(read_only=True)
    total = serializers.IntegerField(source="counters.total")
    sent = serializers.IntegerField(
        source="counters.handed_over",
        help_text="Accepted by the provider at any time; includes delivered and read.",
    )
    handed_over = serializers.IntegerField(
        source="counters.handed_over", help_text="The same as `sent`."
    )
    delivered = serializers.SerializerMethodField(
        help_text="Delivered to a device, including read; null if the provider does not report it."
    )
    read = serializers.SerializerMethodField(
        help_text="Read by the recipient; null if the provider does not report it."
    )
    failed = serializers.IntegerField(
        source="counters.failed",
        help_text="Refused by the provider, or reported as failed after it was sent.",
    )
    unknown = serializers.IntegerField(source="counters.unknown")
    suppressed = serializers.IntegerField(source="counters.suppressed")
    clicked = serializers.IntegerField(source="counters.clicked")
    delivery_rate = serializers.SerializerMethodField()
    read_rate = serializers.SerializerMethodField()
    click_rate = serializers.SerializerMethodField()
    cost = MoneyField(source="counters.cost")
    currency = serializers.CharField(source="tenant.currency")

    class Meta:
        model = Broadcast
        fields = (
            "id",
            "name",
            "platform",
            "status",
            "ui_status",
            "total",
            "sent",
            "handed_over",
            "delivered",
            "read",
            "failed",
            "unknown",
            "suppressed",
            "clicked",
            "delivery_rate",
            "read_rate",
            "click_rate",
            "cost",
            "currency",
            "created_at",
        )
        read_only_fields = fields

    def get_delivered(self, broadcast: Broadcast) -> int | None:
        return funnel(broadcast)["delivered"]

    def get_read(self, broadcast: Broadcast) -> int | None:
        return funnel(broadcast)["read"]

    def get_delivery_rate(self, broadcast: Broadcast) -> float | None:
        return rate(funnel(broadcast)["delivered"], broadcast.counters.handed_over)

    def get_read_rate(self, broadcast: Broadcast) -> float | None:
        return rate(funnel(broadcast)["read"], broadcast.counters.handed_over)

    def get_click_rate(self, broadcast: Broadcast) -> float | None:
        return rate(broadcast.counters.clicked, broadcast.counters.handed_over)
