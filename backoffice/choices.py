"""Form fields that preselect nothing, and that take related objects by their ids.

A value that is not an id is an error in the form, not a server error.
"""

from typing import TYPE_CHECKING, Any

from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.admin.options import BaseModelAdmin

    Options = BaseModelAdmin[Any]
else:
    Options = object


NOT_CHOSEN = ("", "Select value")


class IdSelect(AutocompleteSelect):
    """Drops posted values that are no ids: Django's widget would look them up, and raise."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, [entry for entry in value if self._is_id(entry)], attr)

    def _is_id(self, value: Any) -> bool:
        try:
            self.field.target_field.to_python(value)
        except ValidationError:
            return False
        return True


class ChosenByIds(Options):
    """A mixin for pages and inlines with `autocomplete_fields`."""

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **options: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            chosen = IdSelect(db_field, self.admin_site, using=options.get("using"))
            options.setdefault("widget", chosen)
        return super().formfield_for_foreignkey(db_field, request, **options)


class NothingChosen(Options):
    """Starts a required choice empty: Unfold would preselect its first value, such as OWNER."""

    def formfield_for_choice_field(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **options: Any
    ) -> Any:
        choices = db_field.get_choices(
            include_blank=db_field.blank or not db_field.has_default(), blank_choice=[NOT_CHOSEN]
        )
        options.setdefault("choices", choices)
        return super().formfield_for_choice_field(db_field, request, **options)
