"""Admin pages of contacts, tags, suppressions and imports."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.ask import ask
from backoffice.pages import (
    AdminPage,
    Inline,
    LargeTable,
    ReadOnlyAdmin,
    Undeletable,
    detail_action,
)
from contacts.admin.forms import (
    ContactForm,
    ContactTagForm,
    LiftForm,
    SuppressionForm,
    TagFormSet,
)
from contacts.models import (
    Contact,
    ContactImport,
    ContactImportError,
    ContactTag,
    Suppression,
    SuppressionScope,
    SuppressionSource,
    Tag,
)
from contacts.opting.suppressions import lift, suppress
from tenants.admin.scoped_forms import BY_TENANT, RowForm


@admin.register(Tag)
class TagAdmin(AdminPage):
    deletes_selected = True
    list_display = ("name", "tenant")
    list_filter = (BY_TENANT,)
    list_select_related = ("tenant",)
    search_fields = ("name", "tenant__name")
    autocomplete_fields = ("tenant",)


class TagInline(Inline):
    model = ContactTag
    form = ContactTagForm
    formset = TagFormSet
    extra = 0
    autocomplete_fields = ("tag",)


@admin.register(Contact)
class ContactAdmin(AdminPage):
    deletes_selected = True
    form = ContactForm
    list_display = ("__str__", "tenant", "phone", "external_id", "country", "created_at")
    list_filter = (BY_TENANT,)
    list_select_related = ("tenant",)
    # Exact keys only: a search for a part of a name would read the whole table.
    search_fields = ("phone__exact", "external_id__exact", "whatsapp_user_id__exact")
    ordering = ("-id",)  # by time, as ids are; no index has other orders of all tenants' rows
    sortable_by = ()
    autocomplete_fields = ("tenant",)
    readonly_fields = ("country", "created_at", "updated_at")
    inlines = (TagInline,)


@admin.register(ContactTag)
class ContactTagAdmin(LargeTable):
    list_display = ("contact", "tag")
    list_filter = (("tag", AutocompleteSelectFilter),)
    list_select_related = ("contact", "tag")
    id_keys = ("contact_id", "tag_id")


@admin.register(Suppression)
class SuppressionAdmin(Undeletable):
    """An opt-out is lifted one at a time, with a reason that the history keeps."""

    form = SuppressionForm
    list_display = ("address", "tenant", "platform", "scope", "source", "created_at")
    list_filter = (BY_TENANT, "platform", "scope", "source")
    list_select_related = ("tenant",)
    search_fields = ("address__exact",)
    ordering = ("-id",)
    sortable_by = ()
    autocomplete_fields = ("tenant",)
    readonly_fields = ("source", "created_at")
    fixed_fields = ("tenant", "platform", "address", "scope")
    actions_detail = ("lift",)

    @detail_action(description="Lift", url_path="lift")
    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        suppression = get_object_or_404(Suppression.objects.select_related("tenant"), pk=object_id)
        return ask(
            page=self,
            request=request,
            obj=suppression,
            title="Lift",
            done=lambda form: f"Lifted: {form.cleaned_data['reason']}",
            form=LiftForm(request.POST if request.method == "POST" else None),
            act=lambda _: lift(
                tenant_id=suppression.tenant_id,
                platform=suppression.platform,
                address=suppression.address,
                scopes=(SuppressionScope(suppression.scope),),
                now=timezone.now(),
            ),
            facts=(
                f"{suppression.get_source_display()}, {suppression.created_at:%Y-%m-%d}",
                "Messages to this person are sent again, also to their other addresses.",
            ),
            is_removed=True,
        )

    def save_model(
        self,
        request: HttpRequest,
        obj: Suppression,
        form: RowForm,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        """A new suppression holds for all of the person's addresses."""
        if change:
            super().save_model(request, obj, form, change)
            return
        saved = suppress(
            tenant_id=obj.tenant_id,
            platform=obj.platform,
            address=obj.address,
            scope=SuppressionScope(obj.scope),
            source=SuppressionSource(obj.source),
            reason=obj.reason,
            now=timezone.now(),
        )
        obj.pk, obj.created_at = saved.pk, saved.created_at


@admin.register(ContactImport)
class ContactImportAdmin(ReadOnlyAdmin):
    list_display = (
        "file_name",
        "tenant",
        "status",
        "rows",
        "created",
        "updated",
        "failed",
        "dry_run",
    )
    list_filter = (BY_TENANT, "status", "dry_run")
    list_select_related = ("tenant",)
    search_fields = ("file_name",)
    ordering = ("-id",)
    sortable_by = ()
    exclude = ("content",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactImport]:
        return super().get_queryset(request).defer("content")


@admin.register(ContactImportError)
class ContactImportErrorAdmin(LargeTable):
    list_display = ("contact_import", "line", "field", "reason")
    list_filter = (("contact_import", AutocompleteSelectFilter),)
    list_select_related = ("contact_import",)
    id_keys = ("contact_import_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactImportError]:
        return super().get_queryset(request).defer("contact_import__content")
