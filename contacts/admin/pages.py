"""Admin pages of contacts, tags, suppressions and imports."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.pages import AdminPage, Inline, LargeTable, ReadOnlyAdmin
from contacts.admin.forms import ContactForm, ContactTagForm, SuppressionForm, TagFormSet
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
    form = ContactForm
    list_display = ("__str__", "tenant", "phone", "external_id", "country", "created_at")
    list_filter = (BY_TENANT,)
    list_select_related = ("tenant",)
    # Exact keys only: a search for a part of a name would read the whole table.
    search_fields = ("phone__exact", "external_id__exact", "whatsapp_user_id__exact")
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

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Allowed, because deleting a contact or a tag deletes these rows, too."""
        return True


@admin.register(Suppression)
class SuppressionAdmin(AdminPage):
    form = SuppressionForm
    list_display = ("address", "tenant", "platform", "scope", "source", "created_at")
    list_filter = (BY_TENANT, "platform", "scope", "source")
    list_select_related = ("tenant",)
    search_fields = ("address__exact",)
    autocomplete_fields = ("tenant",)
    readonly_fields = ("source", "created_at")
    fixed_fields = ("tenant", "platform", "address", "scope")

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

    def delete_model(self, request: HttpRequest, obj: Suppression) -> None:
        """Deleting one lifts it for all of the person's addresses."""
        lift(
            tenant_id=obj.tenant_id,
            platform=obj.platform,
            address=obj.address,
            scopes=(SuppressionScope(obj.scope),),
            now=timezone.now(),
        )

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        for suppression in queryset:
            self.delete_model(request, suppression)


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
