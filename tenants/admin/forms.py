"""The form that adds a user; no admin page ever shows the password again."""

from typing import TYPE_CHECKING

from tenants.models import User

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
