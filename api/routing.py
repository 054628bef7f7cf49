"""URLs that answer with and without the trailing slash; neither redirects to the other."""

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import URLPattern, re_path
from rest_framework.routers import SimpleRouter

UUID_PATTERN = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


class OptionalSlashRouter(SimpleRouter):
    """Routes of viewsets. A detail id is a UUID, so `/broadcast/messages/` never matches as one.

    A viewset with other ids sets `lookup_value_regex`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"
        self._default_value_pattern = UUID_PATTERN


def optional_slash(
    route: str, view: Callable[..., HttpResponseBase], *, name: str, **initkwargs: Any
) -> URLPattern:
    """The pattern of one view; `route` is a regular expression without anchors or final slash."""
    return re_path(rf"^{route}/?$", view, initkwargs or None, name=name)
