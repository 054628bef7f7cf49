"""Admin pages of tenants, users, memberships and idempotency records."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.forms import AdminPasswordChangeForm

from backoffice.pages import AdminPage, ReadOnlyAdmin, Undeletable
from tenants.admin.forms import MembershipForm, NewUserForm, UserForm
from tenants.admin.scoped_forms import BY_TENANT
from tenants.keeping_access import require_another_owner
from tenants.models import IdempotencyRecord, Membership, Tenant, User

if TYPE_CHECKING:
    PasswordPages = DjangoUserAdmin[User]
else:
    PasswordPages = DjangoUserAdmin

# Rights come from memberships and is_superuser only, so groups need no admin page.
admin.site.unregister(Group)


@admin.register(Tenant)
class TenantAdmin(Undeletable):
    list_display = ("name", "slug", "currency", "time_zone", "is_active", "created_at")
    list_filter = ("is_active", "currency")
    search_fields = ("name", "slug")
    readonly_fields = ("created_at",)
    fixed_fields = ("currency",)  # the tenant's wallet and prices are in this currency

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}


@admin.register(User)
class UserAdmin(Undeletable, PasswordPages):
    list_display = ("email", "name", "is_active", "is_superuser", "last_login", "created_at")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    readonly_fields = ("password_page", "last_login", "created_at")
    fixed_fields = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "password_page")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Times", {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    @admin.display(description="password")
    def password_page(self, user: User) -> str:
        address = reverse("admin:auth_user_password_change", args=(user.pk,))
        return format_html('<a href="{}">Set a new password</a>', address)


@admin.register(Membership)
class MembershipAdmin(AdminPage):
    form = MembershipForm
    list_display = ("user", "tenant", "role", "created_at")
    list_filter = (BY_TENANT, "role")
    list_select_related = ("user", "tenant")
    search_fields = ("user__email", "tenant__name")
    autocomplete_fields = ("tenant", "user")
    readonly_fields = ("created_at",)
    fixed_fields = ("tenant", "user")

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        require_another_owner(obj)
        super().delete_model(request, obj)


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    list_display = ("key", "tenant", "operation", "response_status", "created_at")
    list_filter = (BY_TENANT,)
    list_select_related = ("tenant",)
    search_fields = ("key__exact",)
    ordering = ("-created_at",)
    sortable_by = ()
    exclude = ("response_body",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdempotencyRecord]:
        return super().get_queryset(request).defer("response_body")
