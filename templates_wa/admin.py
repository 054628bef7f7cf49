"""Admin page of WhatsApp templates: what the API refuses is refused here, by the same functions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from api.errors import DomainError
from backoffice.ask import Confirm, ask
from backoffice.choices import NOT_CHOSEN
from backoffice.pages import Undeletable, detail_action
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.provider import editing
from templates_wa.provider.deleting import delete
from templates_wa.rules.rules import problems
from tenants.admin.scoped_forms import BY_TENANT, TenantForm

TEXT = (
    "name",
    "language",
    "category",
    "parameter_format",
    "header_format",
    "header_text",
    "body",
    "footer",
    "buttons",
    "cards",
    "add_security_recommendation",
    "code_expiration_minutes",
    "examples",
)
"""Fields that the API writes, too."""
OPEN = frozenset({TemplateStatus.DRAFT, TemplateStatus.REJECTED})
"""Statuses in which operators edit the text. An approved text is what recipients agreed to get, and
only its tenant withdraws it."""


class TemplateForm(TenantForm):
    """Applies the same rules as the API, because stored templates are rendered and sent."""

    class Meta:
        model = WhatsAppTemplate
        fields = ("tenant", "app", *TEXT)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # missing in the stubs
        if self.errors:
            return
        for problem in problems(self.instance):
            field = problem.attr.partition(".")[0]
            text = f"{problem.attr}: {problem.detail}"
            self.add_error(field if field in self.fields else None, text)


class StatusForm(forms.Form):
    status = forms.ChoiceField(
        choices=[NOT_CHOSEN, *TemplateStatus.choices], widget=UnfoldAdminSelectWidget
    )
    reason = forms.CharField(max_length=500, required=False, widget=UnfoldAdminTextInputWidget())


@admin.register(WhatsAppTemplate)
class WhatsAppTemplateAdmin(Undeletable):
    form = TemplateForm
    list_display = ("name", "language", "tenant", "app", "category", "status", "updated_at")
    list_filter = (BY_TENANT, "status", "category", "language")
    list_select_related = ("tenant", "app")
    search_fields = ("name",)
    autocomplete_fields = ("tenant", "app")
    readonly_fields = (
        "status",
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
    fields = ("tenant", "app", *TEXT, *readonly_fields)
    fixed_fields = ("tenant", "app")
    actions_detail = ("set_status", "delete_at_provider")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None else [*fields, *_fixed(obj)]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        if not change:
            super().save_model(request, obj, form, change)
            return
        editing.edit(
            tenant=obj.tenant,
            template_id=obj.pk,
            fields={name: form.cleaned_data[name] for name in form.changed_data},
            now=timezone.now(),
        )

    @detail_action(description="Set status", url_path="status")
    def set_status(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For a template that was submitted elsewhere; the provider sets the others' status."""
        template = _template(object_id)

        def act(form: StatusForm) -> object:
            return editing.set_status(
                tenant=template.tenant,
                template_id=template.pk,
                status=TemplateStatus(form.cleaned_data["status"]),
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )

        return ask(
            page=self,
            request=request,
            obj=template,
            title="Set status",
            done=lambda form: f"Status set to {form.cleaned_data['status']}.",
            form=StatusForm(request.POST if request.method == "POST" else None),
            act=act,
        )

    @detail_action(description="Delete", url_path="delete-at-provider")
    def delete_at_provider(self, request: HttpRequest, object_id: str) -> HttpResponse:
        template = _template(object_id)
        return ask(
            page=self,
            request=request,
            obj=template,
            title="Delete",
            done="Deleted.",
            form=Confirm(request.POST),
            act=lambda _: delete(
                tenant=template.tenant, template_id=template.pk, now=timezone.now()
            ),
            facts=("Deletes the template here and at its provider.",),
            is_removed=True,
        )


def _template(object_id: str) -> WhatsAppTemplate:
    return get_object_or_404(WhatsAppTemplate.objects.select_related("tenant"), pk=object_id)


def _fixed(template: WhatsAppTemplate) -> tuple[str, ...]:
    if template.status not in OPEN:
        return TEXT
    try:
        editing.require_editable(template)
    except DomainError:
        return TEXT
    return tuple(name for name in TEXT if name in editing.fixed_fields(template))
