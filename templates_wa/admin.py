"""WhatsApp templates. Their status is the provider's word; until one is asked, the operator's."""

from django.contrib import admin

from templates_wa.models import WhatsAppTemplate
from tenants.admin_pages import BY_TENANT, Page, TenantForm


@admin.register(WhatsAppTemplate)
class WhatsAppTemplateAdmin(Page):
    form = TenantForm
    list_display = ("name", "language", "tenant", "app", "category", "status", "updated_at")
    list_filter = (BY_TENANT, "status", "category", "language")
    list_select_related = ("tenant", "app")
    search_fields = ("name",)
    autocomplete_fields = ("tenant", "app")
    readonly_fields = (
        "provider_template_id",
        "rejection_reason",
        "quality",
        "submitted_at",
        "approved_at",
        "synced_at",
        "status_at",
        "created_at",
        "updated_at",
    )
    fixed_fields = ("tenant", "app")
