"""Broadcasts and what became of them: read here, moved by broadcast/lifecycle.py."""

from django.contrib import admin
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from broadcast.admin_moves import DETAIL_MOVES, LIST_MOVES, Moves
from broadcast.models import (
    Batch,
    Broadcast,
    BroadcastCounters,
    BroadcastMessage,
    ChargeLine,
    Checkup,
    Lane,
    ProviderMessageId,
)
from broadcast.presentation import funnel
from broadcast.states import MessageStatus
from tenants.admin_pages import BY_TENANT, LargeTable, NarrowFilter, Record

BY_BROADCAST = ("broadcast", AutocompleteSelectFilter)
COUNTS = ("total", "handed_over", "delivered", "read", "failed", "unknown", "suppressed", "cost")


@admin.register(Broadcast)
class BroadcastAdmin(Moves, Record):
    list_display = (
        "name",
        "tenant",
        "platform",
        "status",
        "scheduled_at",
        "total",
        "failed",
        "created_at",
    )
    list_filter = (BY_TENANT, "status", "platform", "category")
    list_select_related = ("tenant", "counters")
    search_fields = ("name", "reference__exact")
    ordering = ("-id",)
    sortable_by = ()
    actions = LIST_MOVES
    actions_detail = DETAIL_MOVES
    readonly_fields = ("ui_status", "messages_page", *COUNTS)
    fieldsets = (
        (None, {"fields": ("name", "tenant", "reference", "kind", "parent", "created_by")}),
        (
            "State",
            {
                "fields": (
                    "status",
                    "ui_status",
                    "status_reason",
                    "pause_reason",
                    "approved_by",
                    "approved_recipients",
                )
            },
        ),
        ("Counts", {"fields": ("messages_page", *COUNTS, "duplicates_removed")}),
        (
            "Content",
            {
                "fields": (
                    "platform",
                    "sender",
                    "category",
                    "template_name",
                    "template_language",
                    "template_params",
                    "text",
                    "media",
                    "buttons",
                    "provider_template_id",
                    "fallback",
                    "send_window",
                    "track_urls",
                    "unknown_policy",
                    "audience",
                )
            },
        ),
        (
            "Times",
            {
                "fields": (
                    "created_at",
                    "approved_at",
                    "scheduled_at",
                    "expires_at",
                    "planning_at",
                    "planned_at",
                    "queued_at",
                    "started_at",
                    "paused_at",
                    "resumed_at",
                    "finished_at",
                    "cancelled_at",
                )
            },
        ),
    )

    @admin.display(description="messages")
    def messages_page(self, broadcast: Broadcast) -> str:
        address = reverse("admin:broadcast_broadcastmessage_changelist")
        return format_html(
            '<a href="{}?broadcast__id__exact={}">Show them</a>', address, broadcast.pk
        )

    @admin.display(description="UI status")
    def ui_status(self, broadcast: Broadcast) -> str:
        return broadcast.ui_status

    def total(self, broadcast: Broadcast) -> object:
        return _count(broadcast, "total")

    def handed_over(self, broadcast: Broadcast) -> object:
        return _reached(broadcast, "handed_over")

    def delivered(self, broadcast: Broadcast) -> object:
        return _reached(broadcast, "delivered")

    def read(self, broadcast: Broadcast) -> object:
        return _reached(broadcast, "read")

    def failed(self, broadcast: Broadcast) -> object:
        return _count(broadcast, "failed")

    def unknown(self, broadcast: Broadcast) -> object:
        return _count(broadcast, "unknown")

    def suppressed(self, broadcast: Broadcast) -> object:
        return _count(broadcast, "suppressed")

    def cost(self, broadcast: Broadcast) -> object:
        return _count(broadcast, "cost")


def _count(broadcast: Broadcast, name: str) -> object:
    """A draft may have no counters yet."""
    counters = getattr(broadcast, "counters", None)
    return getattr(counters, name, None)


def _reached(broadcast: Broadcast, step: str) -> object:
    """As the API tells it: what was read was delivered; nothing where it is never reported."""
    return funnel(broadcast)[step] if hasattr(broadcast, "counters") else None


class MessageStatusFilter(NarrowFilter):
    title = "status"
    parameter_name = "message_status"
    field = "status"
    within = "broadcast"
    choices_of = MessageStatus.choices


@admin.register(BroadcastMessage)
class BroadcastMessageAdmin(LargeTable):
    list_display = (
        "seq",
        "broadcast",
        "tenant",
        "address",
        "status",
        "error_code",
        "attempts",
        "status_at",
    )
    list_filter = (BY_TENANT, BY_BROADCAST, MessageStatusFilter)
    list_select_related = ("tenant", "broadcast")
    id_keys = ("id", "broadcast_id", "contact_id")
    # The contact by its id: no constraint says that it is still there. The token opens its links.
    exclude = ("contact", "token")
    readonly_fields = ("contact_id",)

    def _matches(self, term: str) -> Q:
        of_provider = ProviderMessageId.objects.filter(provider_message_id=term)
        # Read first: within the OR it would be looked up for every row.
        return super()._matches(term) | Q(
            pk__in=list(of_provider.values_list("message_id", flat=True))
        )


@admin.register(BroadcastCounters)
class BroadcastCountersAdmin(Record):
    list_display = (
        "broadcast",
        "total",
        "pending",
        "sending",
        "sent",
        "delivered",
        "read",
        "failed",
    )
    list_select_related = ("broadcast",)
    sortable_by = ()
    ordering = ("-broadcast_id",)


@admin.register(Lane)
class LaneAdmin(Record):
    list_display = ("broadcast", "n", "next_batch_at", "floor", "served_at")
    list_filter = (BY_BROADCAST,)
    list_select_related = ("broadcast",)


@admin.register(Batch)
class BatchAdmin(LargeTable):
    list_display = (
        "claimed_at",
        "broadcast",
        "lease_expires_at",
        "handed_at",
        "settled_at",
        "swept_at",
    )
    list_filter = (BY_BROADCAST,)
    list_select_related = ("broadcast",)
    id_keys = ("id", "broadcast_id")


@admin.register(ChargeLine)
class ChargeLineAdmin(LargeTable):
    list_display = ("broadcast", "charge_state", "amount", "movement_id")
    list_filter = (BY_BROADCAST,)
    list_select_related = ("broadcast",)
    id_keys = ("id", "movement_id", "broadcast_id")
    # Up to ten thousand ids: the API opens a line page by page.
    exclude = ("message_ids",)


@admin.register(Checkup)
class CheckupAdmin(Record):
    """Runs of the doctor, newest first."""

    list_display = ("at", "breach_count", "repaired", "seconds")
    ordering = ("-id",)
    sortable_by = ()
