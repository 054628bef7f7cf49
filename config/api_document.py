"""`/schema/`: the OpenAPI document, built once a process; it depends on nothing but the code."""

from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_building = Lock()


class DocumentView(SpectacularAPIView):
    """The document in the format that was asked for; there is one version of it."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: Any = request.accepted_renderer
        # Else those who ask while it is being built would each build it too.
        with _building:
            content = document(type(renderer))
        return HttpResponse(
            content,
            content_type=f"{renderer.media_type}; charset={renderer.charset}",
            headers={
                "Content-Disposition": f'inline; filename="{self._get_filename(request, None)}"'
            },
        )


@cache
def document(renderer: type[BaseRenderer]) -> bytes:
    built: bytes = renderer().render(_schema(), renderer_context={})
    return built


@cache
def _schema() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)
