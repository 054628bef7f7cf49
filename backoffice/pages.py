"""Base classes of the admin's pages: cheap lists, records that nobody edits, large tables."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from unfold.decorators import action
from unfold.paginator import InfinitePaginator

from api.errors import DomainError
from backoffice.choices import ChosenByIds, NothingChosen
from backoffice.deleting import bounded_deletion

if TYPE_CHECKING:
    ModelAdminBase = admin.ModelAdmin[Any]
    InlineAdminBase = admin.TabularInline[Any, Any]
    RowForm = forms.ModelForm[Any]
    RowFormSet = forms.BaseInlineFormSet[Any, Any, Any]
else:
    from unfold.admin import ModelAdmin as ModelAdminBase
    from unfold.admin import TabularInline
    from unfold.forms import PaginationInlineFormSet

    InlineAdminBase = TabularInline
    RowForm = forms.ModelForm
    RowFormSet = PaginationInlineFormSet

F = TypeVar("F", bound=Callable[..., Any])


def detail_action(*, description: str, url_path: str) -> Callable[[F], F]:
    """A button on an object's page that leads to its own page, so that a GET changes nothing."""
    return cast("Callable[[F], F]", action(description=description, url_path=url_path))


class Inline(ChosenByIds, NothingChosen, InlineAdminBase):
    """Rows of another model on an object's page."""


class AdminPage(ChosenByIds, NothingChosen, ModelAdminBase):
    """A model that operators edit. Its list never counts the table's rows."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_disable_select_all = True
    list_filter_submit = True
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER  # "Show counts" would count the table once a choice
    deletes_selected = False
    """True if the list offers to delete the selected rows."""
    fixed_fields: Sequence[str] = ("tenant",)
    """Fields that can be set only when an object is added."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = [str(name) for name in super().get_readonly_fields(request, obj)]
        return fields if obj is None else [*fields, *self.fixed_fields]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if not self.deletes_selected:
            actions.pop("delete_selected", None)
        return actions

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **options: Any
    ) -> Any:
        if request.POST.get("select_across", "0") not in ("", "0"):
            raise BadRequest("An action takes the rows that are ticked, not a whole table.")
        return super().response_action(request, queryset, *args, **options)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return bounded_deletion(objs)

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Adds or changes an object; a refusal by the domain becomes a message."""
        try:
            return super().changeform_view(request, *args, **options)
        except DomainError as refusal:
            return self._refused(request, refusal)

    def delete_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Deletes an object; a refusal by the domain becomes a message."""
        try:
            return super().delete_view(request, *args, **options)
        except DomainError as refusal:
            return self._refused(request, refusal)

    def _refused(self, request: HttpRequest, refusal: DomainError) -> HttpResponseRedirect:
        self.message_user(request, refusal.detail, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if any("\x00" in value for _, values in request.GET.lists() for value in values):
            raise BadRequest(
                "No value holds a NUL."
            )  # Django's filters would pass it to the database
        return super().changelist_view(request, extra_context)


class Undeletable(AdminPage):
    """Operators deactivate it instead of deleting it, because other rows refer to it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(Undeletable):
    """Only the domain writes it; operators read it."""

    fixed_fields: Sequence[str] = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LargeTable(ReadOnlyAdmin):
    """A table with a row per message: searched by exact keys, listed in primary key order."""

    sortable_by = ()
    ordering = ("-id",)
    search_fields = ("id",)  # shows the search box; get_search_results does the search
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
    """A filter without an index: offered only when the filter `within` has narrowed the list."""

    field = ""
    within = ""
    choices_of: Sequence[tuple[str, str]] = ()

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdminBase
    ) -> Sequence[tuple[str, str]]:
        return self.choices_of if f"{self.within}__id__exact" in request.GET else ()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{self.field: value}) if value else queryset


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
