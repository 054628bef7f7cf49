"""`/schema/`: the OpenAPI document, built once per process, as it depends only on the code."""

from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_building = Lock()


class DocumentView(SpectacularAPIView):
    """The document in the requested format; only one version exists."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: BaseRenderer = request.accepted_renderer
        # Without the lock, requests that come while it is being built would each build it too.
        with _building:
            content = document(renderer.media_type)
        name = f"{spectacular_settings.TITLE}.{renderer.format}"
        return HttpResponse(
            content,
            content_type=f"{renderer.media_type}; charset={renderer.charset}",
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )


@cache
def document(media_type: str) -> bytes | str:
    (kind,) = (
        renderer for renderer in DocumentView.renderer_classes if renderer.media_type == media_type
    )
    return kind().render(_schema(), renderer_context={})


@cache
def _schema() -> Any:
    generator: Any = SchemaGenerator()  # type: ignore[no-untyped-call]
    return generator.get_schema(request=None, public=True)
