"""Gives each request an id, the caller's if it is valid, in the answer and in every log line."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bound_contextvars

_SENSIBLE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class RequestIdMiddleware:
    """Binds the id to the log's context, because a webhook call is answered before
    django_structlog's middleware, which would bind it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wanted = request.headers.get("X-Request-ID", "")
        request_id = wanted if _SENSIBLE.fullmatch(wanted) else str(uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request_id
        with bound_contextvars(request_id=request_id):
            response = self._get_response(request)
        response["X-Request-ID"] = request_id
        return response
