"""Admin page of WhatsApp templates. Operators may set a status until the provider reports one."""

from django.contrib import admin

from backoffice.pages import AdminPage
from templates_wa.models import WhatsAppTemplate
from templates_wa.rules.rules import problems
from tenants.admin.scoped_forms import BY_TENANT, TenantForm


class TemplateForm(TenantForm):
    """Applies the same rules as the API, because stored templates are rendered and sent."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # missing in the stubs
        if self.errors:
            return
        for problem in problems(self.instance):
            field = problem.attr.partition(".")[0]
            text = f"{problem.attr}: {problem.detail}"
            self.add_error(field if field in self.fields else None, text)


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
