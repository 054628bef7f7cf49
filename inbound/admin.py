"""Admin pages of provider events, without their bodies: these hold phone numbers and texts."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.confirming import Effect, confirm_selected
from backoffice.pages import LargeTable, NarrowFilter
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
    """Offers "set aside" without an app, too: these events are few and have an index."""

    title = "status"
    parameter_name = "event_status"
    field = "status"
    within = "app"
    choices_of = EventStatus.choices

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        set_aside = (EventStatus.FAILED.value, EventStatus.FAILED.label)
        return super().lookups(request, model_admin) or (set_aside,)


@admin.register(ProviderEvent)
class ProviderEventAdmin(LargeTable):
    list_display = ("received_at", "app", "status", "attempts", "applied_at", "error")
    list_filter = (BY_APP, EventStatusFilter)
    list_select_related = ("app",)
    exclude = ("body",)
    actions = ("replay_selected",)

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


@admin.register(ReceivedMessage)
class ReceivedMessageAdmin(LargeTable):
    """Replies without their text, which is between the tenant and its customer."""

    list_display = ("at", "app", "platform", "contact", "broadcast", "wish")
    list_filter = (BY_APP,)
    list_select_related = ("app", "contact", "broadcast")
    exclude = ("text",)
    text_keys = ("provider_message_id",)


@admin.register(MessageAlias)
class MessageAliasAdmin(LargeTable):
    list_display = ("alias", "provider_message_id", "app", "created_at")
    list_filter = (BY_APP,)
    list_select_related = ("app",)
    text_keys = ("alias", "provider_message_id")
