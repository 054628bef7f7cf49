"""Admin pages of broadcasts, messages, batches and charges.

The pages are read-only; only the actions in admin/moves.py change a broadcast.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.pages import LargeTable, NarrowFilter, ReadOnlyAdmin
from broadcast.admin.moves import DETAIL_ACTIONS, MoveActions
from broadcast.admin.selected_moves import LIST_ACTIONS, SelectedMoves
from broadcast.control.pausing import PAUSABLE
from broadcast.models import (
    Batch,
    Broadcast,
    BroadcastCounters,
    BroadcastMessage,
    ChargeLine,
    Lane,
    ProviderMessageId,
)
from broadcast.presentation import funnel
from broadcast.states import MessageStatus
from tenants.admin.scoped_forms import BY_TENANT

BY_BROADCAST = ("broadcast", AutocompleteSelectFilter)
COUNTS = (
    "total",
    "pending",
    "sending",
    "on_hold",
    "handed_over",
    "delivered",
    "read",
    "failed",
    "unknown",
    "suppressed",
    "cancelled",
    "expired",
    "cost",
)
LINK = '<a href="{}" class="text-primary-600 dark:text-primary-500">{}</a>'


class WaitingFilter(admin.SimpleListFilter):
    title = "what it waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return (
            ("paused", "A resume by an operator"),
            ("unknown", "Messages of unknown fate"),
            ("on_hold", "Messages held by the provider"),
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "paused":
            return queryset.filter(paused_at__isnull=False, status__in=PAUSABLE)
        if self.value() == "unknown":
            return queryset.filter(counters__unknown__gt=0)
        if self.value() == "on_hold":
            return queryset.filter(counters__on_hold__gt=0)
        return queryset


def _count(broadcast: Broadcast, name: str) -> object:
    """Returns the counter called `name`, or None for a draft that has no counters yet."""
    counters = getattr(broadcast, "counters", None)
    return getattr(counters, name, None)


def _reached(broadcast: Broadcast, step: str) -> object:
    """Returns a step of the API's funnel, in which read messages also count as delivered.

    None if the provider never reports this step, or if the broadcast has no counters yet.
    """
    return funnel(broadcast)[step] if hasattr(broadcast, "counters") else None


class MessageStatusFilter(NarrowFilter):
    title = "status"
    parameter_name = "message_status"
    field = "status"
    within = "broadcast"
    choices_of = MessageStatus.choices


CUMULATIVE = frozenset({"handed_over", "delivered", "read"})
"""Cumulative counts: like the API's funnel, each includes the messages of the later steps."""


def _column(name: str) -> Callable[[Any, Broadcast], object]:
    value_of = _reached if name in CUMULATIVE else _count

    def column(page: Any, broadcast: Broadcast) -> object:
        return value_of(broadcast, name)

    column.__name__ = name  # the admin derives the column's heading from this name
    return column


class CountColumns:
    """One column for each name in COUNTS: a new column needs only its name there."""


for _name in COUNTS:
    setattr(CountColumns, _name, _column(_name))


@admin.register(Broadcast)
class BroadcastAdmin(MoveActions, SelectedMoves, CountColumns, ReadOnlyAdmin):
    list_display = (
        "name",
        "tenant",
        "platform",
        "state",
        "scheduled_at",
        "total",
        "failed",
        "unknown",
        "created_at",
    )
    list_filter = (BY_TENANT, WaitingFilter, "status", "platform", "category")
    list_select_related = ("tenant", "counters")
    search_fields = ("name", "reference__exact")
    ordering = ("-id",)
    sortable_by = ()
    actions = LIST_ACTIONS
    actions_detail = DETAIL_ACTIONS
    readonly_fields = ("state", "ui_status", "messages_page", *COUNTS)
    fieldsets = (
        (None, {"fields": ("name", "tenant", "reference", "kind", "parent", "created_by")}),
        (
            "State",
            {
                "fields": (
                    "state",
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
                    *Broadcast.CONTENT_FIELDS,
                    "fallback",
                    "send_window",
                    "track_urls",
                    "unknown_policy",
                    "frequency_cap_retries",
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

    @admin.display(description="status")
    def state(self, broadcast: Broadcast) -> str:
        """Adds the pause to the status, because a paused broadcast keeps its status."""
        return broadcast.get_status_display() + (", paused" if broadcast.paused_at else "")

    @admin.display(description="messages")
    def messages_page(self, broadcast: Broadcast) -> str:
        query = f"?broadcast__id__exact={broadcast.pk}"
        messages = reverse("admin:broadcast_broadcastmessage_changelist") + query
        links = (
            (messages, "All messages"),
            (f"{messages}&message_status=FAILED", "Failed messages"),
            (f"{messages}&message_status=UNKNOWN", "Unknown messages"),
            (reverse("admin:broadcast_batch_changelist") + query, "Batches"),
        )
        return format_html_join(" · ", LINK, links)

    @admin.display(description="UI status")
    def ui_status(self, broadcast: Broadcast) -> str:
        return broadcast.ui_status


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
    # The contact is shown by its id: no constraint guarantees that the contact still exists.
    # The token is hidden: whoever has the token can open the message's links.
    exclude = ("contact", "token")
    readonly_fields = ("contact_id",)

    def _matches(self, term: str) -> Q:
        provider_ids = ProviderMessageId.objects.filter(provider_message_id=term)
        # The ids are read first: PostgreSQL would run a subquery within the OR for every row.
        return super()._matches(term) | Q(
            pk__in=list(provider_ids.values_list("message_id", flat=True))
        )


@admin.register(BroadcastCounters)
class BroadcastCountersAdmin(ReadOnlyAdmin):
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
class LaneAdmin(ReadOnlyAdmin):
    list_display = ("broadcast", "n", "next_batch_at", "floor", "served_at")
    list_filter = (BY_BROADCAST,)
    list_select_related = ("broadcast",)


class OpenFilter(admin.SimpleListFilter):
    """Filters open batches only: no index covers the closed batches."""

    title = "holder"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return (("yes", "A worker"), ("overdue", "A worker, past its lease"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        open_batches = queryset.filter(settled_at=None, swept_at=None)
        if self.value() == "overdue":
            return open_batches.filter(lease_expires_at__lt=timezone.now())
        return open_batches if self.value() == "yes" else queryset


@admin.register(Batch)
class BatchAdmin(LargeTable):
    list_display = (
        "claimed_at",
        "broadcast",
        "messages",
        "lease_expires_at",
        "handed_at",
        "settled_at",
        "swept_at",
    )
    list_filter = (BY_BROADCAST, OpenFilter)
    list_select_related = ("broadcast",)
    id_keys = ("id", "broadcast_id")

    def messages(self, batch: Batch) -> int:
        return len(batch.message_ids)


@admin.register(ChargeLine)
class ChargeLineAdmin(LargeTable):
    list_display = ("broadcast", "charge_state", "amount", "movement_id")
    list_filter = (BY_BROADCAST,)
    list_select_related = ("broadcast",)
    id_keys = ("id", "movement_id", "broadcast_id")
    # A line has up to 10,000 message ids; the API lists its messages page by page.
    exclude = ("message_ids",)
