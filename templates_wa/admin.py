"""WhatsApp templates. Their status is the provider's word; until one is asked, the operator's."""

from django.contrib import admin

from backoffice.pages import AdminPage
from templates_wa.models import WhatsAppTemplate
from templates_wa.rules.rules import problems
from tenants.admin.scoped_forms import BY_TENANT, TenantForm


class TemplateForm(TenantForm):
    """Refuses what the API refuses: what is stored here is rendered and sent."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own, which its stubs leave out
        if self.errors:
            return
        for problem in problems(self.instance):
            field = problem.attr.partition(".")[0]
            said = f"{problem.attr}: {problem.detail}"
            self.add_error(field if field in self.fields else None, said)


@admin.register(WhatsAppTemplate)
class WhatsAppTemplateAdmin(AdminPage):
    form = TemplateForm
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
