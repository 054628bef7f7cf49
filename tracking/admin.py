"""Read-only admin pages of tracked links and clicks."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.pages import LargeTable
from tenants.admin.scoped_forms import BY_TENANT
from tracking.models import Click, TrackedURL

BY_BROADCAST = ("broadcast", AutocompleteSelectFilter)


@admin.register(TrackedURL)
class TrackedURLAdmin(LargeTable):
    list_display = ("url", "tenant", "broadcast", "position", "clicks", "unique_clicks")
    list_filter = (BY_TENANT, BY_BROADCAST)
    list_select_related = ("tenant", "broadcast")
    id_keys = ("id", "broadcast_id")


@admin.register(Click)
class ClickAdmin(LargeTable):
    list_display = ("clicked_at", "tenant", "broadcast", "tracked_url", "is_first", "message_id")
    list_filter = (BY_TENANT, BY_BROADCAST)
    list_select_related = ("tenant", "broadcast", "tracked_url")
    id_keys = ("id", "broadcast_id", "message_id")
    # Only the message's id: no foreign key ensures that the message still exists.
    fields = (
        "tenant",
        "broadcast",
        "tracked_url",
        "message_id",
        "user_agent",
        "is_first",
        "clicked_at",
    )
    readonly_fields = ("message_id",)
