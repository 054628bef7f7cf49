"""Query parameters: what a list does not know, or cannot read, is refused and never ignored."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import ValidationError as FormError
from django.forms import NullBooleanField
from django_filters.fields import BaseCSVField
from django_filters.rest_framework import (
    BaseInFilter,
    BooleanFilter,
    ChoiceFilter,
    DjangoFilterBackend,
)
from django_filters.widgets import BaseCSVWidget, BooleanWidget
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import SearchFilter
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.settings import api_settings

MAX_NAMED = 10
IN = "__in"
"""The ending of each parameter that takes several values."""


def check_parameters(request: Request, *, known: Iterable[str]) -> None:
    """Refuses unknown, blank and contradictory query parameters, each by its name.

    A parameter that ends with `__in` takes several values; another one may be repeated only with
    the same value. Raises ValidationError (`unknown_parameter`, `blank_parameter`,
    `repeated_parameter`).
    """
    names = sorted(known)
    given = {
        name: values
        for name, values in request.query_params.lists()
        if name != api_settings.URL_FORMAT_OVERRIDE
    }
    way_out = f"Known are: {', '.join(names)}." if names else "No parameter is known."
    _refuse(
        sorted(given.keys() - set(names)),
        ErrorDetail(f"Unknown here. {way_out}", code="unknown_parameter"),
    )
    _refuse(
        [name for name in names if name in given and _has_blank(name, given[name])],
        ErrorDetail("Give a value, or leave the parameter out.", code="blank_parameter"),
    )
    _refuse(
        [name for name in names if not name.endswith(IN) and len(set(given.get(name, ()))) > 1],
        ErrorDetail("Give this parameter once: it takes one value.", code="repeated_parameter"),
    )


def _has_blank(name: str, values: Iterable[str]) -> bool:
    parts = ",".join(values).split(",") if name.endswith(IN) else values
    return any(not part.strip() for part in parts)


def _refuse(names: list[str], refusal: ErrorDetail) -> None:
    if names:
        raise ValidationError({name: [refusal] for name in names[:MAX_NAMED]})


def parameters_of(view: Any, paginator: BasePagination) -> Iterator[str]:
    """The query parameters of a generic view's pagination and filters."""
    backends = [backend() for backend in getattr(view, "filter_backends", ())]
    for source in (paginator, *backends):
        if isinstance(source, DjangoFilterBackend):
            filterset = source.get_filterset_class(view, view.queryset)
            yield from filterset.base_filters if filterset else ()
        else:
            for parameter in source.get_schema_operation_parameters(view):
                yield parameter["name"]


class _UnionWidget(BaseCSVWidget):
    """Reads every repetition of the parameter, where Django's own widgets read the last one."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str] | None:
        values = data.getlist(name)
        return ",".join(values).split(",") if values else None


class _UnionField(BaseCSVField):
    base_widget_class = _UnionWidget


class ChoiceUnionFilter(BaseInFilter, ChoiceFilter):
    """Several choices, separated by commas or by repetition of the parameter: the union.

    `status__in=SENT,READ` and `status__in=SENT&status__in=READ` are the same.
    """

    base_field_class = _UnionField


class _TrueOrFalseWidget(BooleanWidget):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Keeps what it cannot read, so that the field refuses it."""
        value = super().value_from_datadict(data, files, name)
        return data.get(name) if value is None else value


class _TrueOrFalseField(NullBooleanField):
    def to_python(self, value: Any) -> bool | None:  # type: ignore[override]  # its stub has no None
        if value is None or isinstance(value, bool):
            return value
        raise FormError("Give true or false.", code="invalid")


class TrueOrFalseFilter(BooleanFilter):
    """`true`, `false`, `1` or `0`; another value is refused, where Django's filter ignores it."""

    field_class = _TrueOrFalseField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"widget": _TrueOrFalseWidget, **options})


class NamedSearchFilter(SearchFilter):
    """`search=…`; a text that it cannot take is refused by the parameter's name."""

    def get_search_terms(self, request: Request) -> list[str]:
        try:
            terms: list[str] = super().get_search_terms(request)
        except ValidationError as error:
            raise ValidationError({self.search_param: error.detail}) from error
        return terms
