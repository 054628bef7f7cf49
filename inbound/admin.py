"""Admin pages of provider events, without their bodies: these hold phone numbers and texts."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.confirming import Effect, confirm_selected
from backoffice.pages import LargeTable, NarrowFilter
from channels.port.events import ReplyKind
from inbound.applying.replaying import replay
from inbound.models import (
    EventStatus,
    MessageAlias,
    ParkedReceipt,
    ProviderEvent,
    ReceivedMessage,
)

BY_APP = ("app", AutocompleteSelectFilter)


class EventStatusFilter(NarrowFilter):
    """Offers two statuses without an app, too: their events are few and have an index."""

    title = "status"
    parameter_name = "event_status"
    field = "status"
    within = "app"
    choices_of = EventStatus.choices

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        few = (EventStatus.FAILED, EventStatus.PARTLY)
        return super().lookups(request, model_admin) or [(st.value, st.label) for st in few]


class MayWantOutFilter(admin.SimpleListFilter):
    """Replies for a person to read; they have an index of their own, so no app is needed."""

    title = "may want out"
    parameter_name = "may_want_out"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return (("true", "to be read"),)

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ReceivedMessage]
    ) -> QuerySet[ReceivedMessage]:
        return queryset.filter(may_want_out=True) if self.value() else queryset


@admin.register(ProviderEvent)
class ProviderEventAdmin(LargeTable):
    list_display = ("received_at", "app", "status", "attempts", "applied_at", "error", "unread")
    list_filter = (BY_APP, EventStatusFilter)
    list_select_related = ("app",)
    exclude = ("body",)
    actions = ("replay_selected",)

    @admin.display(description="not understood")
    def unread(self, event: ProviderEvent) -> str:
        return "; ".join(event.not_understood)

    @admin.action(description="Apply again")
    def replay_selected(
        self, request: HttpRequest, queryset: QuerySet[ProviderEvent]
    ) -> HttpResponse | None:
        return confirm_selected(
            page=self,
            request=request,
            queryset=queryset,
            action="replay_selected",
            title="Apply again",
            done="The event will be applied again.",
            act=lambda event, _: replay(ProviderEvent.objects.filter(pk=event.pk)),
            effect_on=lambda event: Effect((event.get_status_display(),)),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderEvent]:
        return super().get_queryset(request).defer("body")


@admin.register(ParkedReceipt)
class ParkedReceiptAdmin(LargeTable):
    list_display = ("parked_at", "app", "status", "provider_message_id", "code")
    list_filter = (BY_APP,)
    list_select_related = ("app",)
    text_keys = ("provider_message_id",)


class ReplyKindFilter(NarrowFilter):
    """Offered for one app: the kind has no index."""

    title = "kind"
    parameter_name = "kind"
    field = "kind"
    within = "app"
    choices_of = [(kind.value, kind.value) for kind in ReplyKind]


@admin.register(ReceivedMessage)
class ReceivedMessageAdmin(LargeTable):
    """Replies without their text, which is between the tenant and its customer."""

    list_display = (
        "at",
        "app",
        "platform",
        "kind",
        "contact",
        "group_id",
        "broadcast",
        "wish",
        "may_want_out",
    )
    list_filter = (BY_APP, MayWantOutFilter, ReplyKindFilter)
    list_select_related = ("app", "contact", "broadcast")
    exclude = ("text",)
    text_keys = ("provider_message_id",)


@admin.register(MessageAlias)
class MessageAliasAdmin(LargeTable):
    list_display = ("alias", "provider_message_id", "app", "created_at")
    list_filter = (BY_APP,)
    list_select_related = ("app",)
    text_keys = ("alias", "provider_message_id")
