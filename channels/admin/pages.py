"""Admin pages of senders and provider apps. Secrets can be entered but are never shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.pages import ReadOnlyAdmin, Undeletable
from channels.admin.forms import ProviderAppForm, SenderForm, WhatsAppForm
from channels.models import ProviderApp, Sender, SenderDay, TenantWAApp
from channels.senders.identity import IDENTITY as IDENTITY_FIELDS
from channels.senders.identity import is_used
from tenants.admin.scoped_forms import BY_TENANT

IDENTITY = ("provider", "name", "address", "account_id", "business_account_id", "app")
BROKEN = ("broken_at", admin.EmptyFieldListFilter)


@admin.register(ProviderApp)
class ProviderAppAdmin(Undeletable):
    form = ProviderAppForm
    list_display = ("name", "tenant", "provider", "is_active", "created_at")
    list_filter = (BY_TENANT, "provider", "is_active")
    list_select_related = ("tenant",)
    search_fields = ("name", "tenant__name")
    autocomplete_fields = ("tenant",)
    readonly_fields = ("webhook_path", "created_at")
    fixed_fields = ("tenant", "provider")
    fields = (
        "tenant",
        "provider",
        "name",
        "new_secrets",
        "is_active",
        "webhook_path",
        "created_at",
    )


@admin.register(Sender)
class SenderAdmin(Undeletable):
    form = SenderForm
    list_display = (
        "name",
        "tenant",
        "platform",
        "provider",
        "address",
        "is_default",
        "is_active",
        "held",
        "broken_at",
    )
    list_filter: ClassVar[Any] = (BY_TENANT, "platform", "provider", "is_active", BROKEN)
    list_select_related = ("tenant",)
    search_fields = ("name", "address", "account_id__exact")
    autocomplete_fields = ("tenant", "app")
    readonly_fields = (
        "held",
        "broken_at",
        "broken_reason",
        "checked_at",
        "check_result",
        "proven_at",
        "created_at",
        "updated_at",
    )
    fixed_fields: Sequence[str] = ("tenant", "platform", "provider")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("tenant", "platform", *IDENTITY)}),
        ("Connection", {"fields": ("new_credentials", "base_url")}),
        ("Use", {"fields": ("is_default", "is_active")}),
        (
            "Pace",
            {
                "fields": (
                    "batch_size",
                    "batch_delay",
                    "max_retries",
                    "messages_per_second",
                    "daily_limit",
                    "lanes",
                )
            },
        ),
        (
            "Prices",
            {"fields": ("currency", "marketing_price", "utility_price", "authentication_price")},
        ),
        ("State", {"fields": readonly_fields}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        return [*fields, *IDENTITY_FIELDS] if obj is not None and is_used(obj) else fields

    @admin.display(description="held until", ordering="held_until")
    def held(self, sender: Sender) -> datetime | None:
        until = sender.held_until
        return until if until and until > timezone.now() else None


@admin.register(TenantWAApp)
class TenantWAAppAdmin(SenderAdmin):
    form = WhatsAppForm
    list_filter = (BY_TENANT, "provider", "is_active", BROKEN)
    fixed_fields = ("tenant", "provider")
    fieldsets = ((None, {"fields": ("tenant", *IDENTITY)}), *SenderAdmin.fieldsets[1:])

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        obj.platform = form.PLATFORM
        super().save_model(request, obj, form, change)


@admin.register(SenderDay)
class SenderDayAdmin(ReadOnlyAdmin):
    """How much of its daily limit a sender has used."""

    list_display = ("day", "sender", "taken")
    list_filter = (("sender", AutocompleteSelectFilter),)
    list_select_related = ("sender",)
