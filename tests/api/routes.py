"""Reads every route from the URL table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.views import APIView

METHODS = ("get", "post", "put", "patch", "delete")
SAFE = ("get",)


@dataclass(frozen=True, slots=True)
class Route:
    """One URL pattern. `key` is its key in tests/api/objects.py."""

    name: str
    """The name for reverse(), with the namespace."""
    pattern: str
    basename: str
    arguments: tuple[str, ...]
    methods: Mapping[str, str]
    """HTTP method to the viewset's action (or to the method's own name, in a plain view)."""
    is_api: bool

    @property
    def key(self) -> str:
        return self.basename or self.name

    def url(self, value: object) -> str:
        """The URL, with `value` for every argument."""
        return reverse(self.name, kwargs=dict.fromkeys(self.arguments, value))

    def __str__(self) -> str:
        return self.name or self.pattern


def all_routes(urlconf: str | None = None) -> list[Route]:
    """All routes of the project, or of the module `urlconf`."""
    return list(_walk(get_resolver(urlconf).url_patterns, prefix="", namespace=""))


def _walk(
    patterns: list[URLPattern | URLResolver], *, prefix: str, namespace: str
) -> Iterator[Route]:
    for pattern in patterns:
        here = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, prefix=here, namespace=inner)
        else:
            yield _route(pattern, pattern_text=here, namespace=namespace)


def _route(pattern: URLPattern, *, pattern_text: str, namespace: str) -> Route:
    view: Any = pattern.callback
    view_class = getattr(view, "cls", None)
    initkwargs = getattr(view, "initkwargs", {})
    return Route(
        name=f"{namespace}{pattern.name}" if pattern.name else "",
        pattern=pattern_text,
        basename=initkwargs.get("basename") or "",
        arguments=_arguments(pattern),
        methods=_methods(view, view_class),
        is_api=isinstance(view_class, type) and issubclass(view_class, APIView),
    )


def _arguments(pattern: URLPattern) -> tuple[str, ...]:
    """The named groups of a regular expression, or the converters of a path."""
    return tuple(pattern.pattern.regex.groupindex)


def _methods(view: Any, view_class: type | None) -> Mapping[str, str]:
    actions: Mapping[str, str] | None = getattr(view, "actions", None)
    if actions is not None:
        return {method: action for method, action in actions.items() if method in METHODS}
    return {method: method for method in METHODS if hasattr(view_class, method)}
