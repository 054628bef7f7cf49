"""Refuses query parameters that a list does not know: a misspelt filter must not be ignored."""

from collections.abc import Iterable, Iterator
from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.settings import api_settings

MAX_NAMED = 10


def refuse_unknown_parameters(request: Request, *, known: Iterable[str]) -> None:
    """Raises ValidationError (`unknown_parameter`), which lists the known parameters."""
    names = sorted(known)
    surplus = sorted(set(request.query_params) - {*names, api_settings.URL_FORMAT_OVERRIDE})
    if surplus:
        way_out = f"Known are: {', '.join(names)}." if names else "No parameter is known."
        refusal = ErrorDetail(f"Unknown here. {way_out}", code="unknown_parameter")
        raise ValidationError({name: [refusal] for name in surplus[:MAX_NAMED]})


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
