"""Admin forms and filters that are scoped to one tenant."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Model
from unfold.contrib.filters.admin import AutocompleteSelectFilter

if TYPE_CHECKING:
    RowForm = forms.ModelForm[Any]
else:
    RowForm = forms.ModelForm

BY_TENANT = ("tenant", AutocompleteSelectFilter)


class TenantForm(RowForm):
    """Rejects a related object that belongs to another tenant."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        tenant = cleaned.get("tenant") or getattr(self.instance, "tenant", None)
        for name, value in list(cleaned.items()):
            owner = getattr(value, "tenant_id", None) if isinstance(value, Model) else None
            if tenant is not None and owner is not None and owner != tenant.pk:
                self.add_error(name, "This belongs to another tenant.")
        return cleaned
