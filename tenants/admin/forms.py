"""Forms of users and memberships; no admin page ever shows a password again."""

from typing import TYPE_CHECKING, Any

from api.errors import DomainError
from backoffice.pages import RowForm
from tenants.admin.scoped_forms import TenantForm
from tenants.keeping_access import require_another_owner, require_user_replaceable
from tenants.models import Membership, Role, User

if TYPE_CHECKING:
    from django.contrib.auth.forms import AdminUserCreationForm

    Base = AdminUserCreationForm[User]
else:
    from unfold.forms import UserCreationForm as Base


class NewUserForm(Base):
    class Meta:
        model = User
        fields = ("email", "name")
        field_classes: dict[str, type] = {}

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class UserForm(RowForm):
    def clean(self) -> dict[str, Any]:
        """Refuse what would leave a tenant without an owner, or nobody with this admin."""
        cleaned = super().clean() or {}
        try:
            require_user_replaceable(
                User.objects.get(pk=self.instance.pk),
                is_active=cleaned.get("is_active", False),
                is_superuser=cleaned.get("is_superuser", False),
            )
        except DomainError as refusal:
            self.add_error(None, refusal.detail)
        return cleaned


class MembershipForm(TenantForm):
    class Meta:
        model = Membership
        fields = ("tenant", "user", "role")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        stored = Membership.objects.filter(pk=self.instance.pk).select_related("user").first()
        if stored is not None and cleaned.get("role") != Role.OWNER:
            try:
                require_another_owner(stored)
            except DomainError as refusal:
                self.add_error("role", refusal.detail)
        return cleaned
