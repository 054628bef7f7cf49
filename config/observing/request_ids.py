"""A request's id: the caller's where it is sensible; in the answer and in every log line."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bound_contextvars

_SENSIBLE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class RequestIdMiddleware:
    """Binds it to the log's context, as django_structlog's middleware does where a request gets
    that far: a webhook's does not."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _SENSIBLE.fullmatch(given) else str(uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request_id
        with bound_contextvars(request_id=request_id):
            response = self._get_response(request)
        response["X-Request-ID"] = request_id
        return response
