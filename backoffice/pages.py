"""What the admin's pages share: cheap lists, records that nobody edits, forms within a tenant."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import action
from unfold.paginator import InfinitePaginator

from backoffice.choices import ChosenByIds, NothingChosen

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
    InlineBase = admin.TabularInline[Any, Any]
    RowForm = forms.ModelForm[Any]
    RowFormSet = forms.BaseInlineFormSet[Any, Any, Any]
else:
    from unfold.admin import ModelAdmin as Base
    from unfold.admin import TabularInline
    from unfold.forms import PaginationInlineFormSet

    InlineBase = TabularInline
    RowForm = forms.ModelForm
    RowFormSet = PaginationInlineFormSet

F = TypeVar("F", bound=Callable[..., Any])


def detail_action(*, description: str, url_path: str) -> Callable[[F], F]:
    """A button on an object's page; it leads to a page of its own, so that GET changes nothing."""
    return cast("Callable[[F], F]", action(description=description, url_path=url_path))


class Inline(ChosenByIds, NothingChosen, InlineBase):
    """Rows of another model on an object's page."""


class AdminPage(ChosenByIds, NothingChosen, Base):
    """A model that operators edit. Its list never counts its table."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_disable_select_all = True
    list_filter_submit = True
    list_per_page = 50
    fixed_fields: Sequence[str] = ("tenant",)
    """Set when an object is added, and never again."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = [str(name) for name in super().get_readonly_fields(request, obj)]
        return fields if obj is None else [*fields, *self.fixed_fields]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if any("\x00" in value for _, told in request.GET.lists() for value in told):
            raise BadRequest("No value holds a NUL.")  # Django's filters hand it to the database
        return super().changelist_view(request, extra_context)


class Undeletable(AdminPage):
    """Deactivated, never deleted: something else tells its story by it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(Undeletable):
    """Written by the domain alone; operators read it."""

    fixed_fields: Sequence[str] = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LargeTable(ReadOnlyAdmin):
    """A table with a row a message: searched by exact keys, listed in the primary key's order."""

    sortable_by = ()
    ordering = ("-id",)
    search_fields = ("id",)  # shows the box; get_search_results is what searches
    id_keys: Sequence[str] = ("id",)
    text_keys: Sequence[str] = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        return queryset.filter(self._matches(search_term.strip())), False

    def _matches(self, term: str) -> Q:
        matches = Q(pk__in=())
        for key in self.text_keys:
            matches |= Q(**{key: term})
        if (wanted := _uuid(term)) is not None:
            for key in self.id_keys:
                matches |= Q(**{key: wanted})
        return matches


class NarrowFilter(admin.SimpleListFilter):
    """A filter with no index of its own: offered once the list is narrowed by `within`."""

    field = ""
    within = ""
    choices_of: Sequence[tuple[str, str]] = ()

    def lookups(self, request: HttpRequest, model_admin: Base) -> Sequence[tuple[str, str]]:
        return self.choices_of if f"{self.within}__id__exact" in request.GET else ()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{self.field: value}) if value else queryset


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
