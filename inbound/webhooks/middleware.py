"""Sends webhook calls past the middleware that only browsers and tenants need."""

from collections.abc import Callable

import structlog
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from api.exceptions import RETRY_AFTER

log = structlog.get_logger(__name__)

PREFIX = "/webhooks/"


class WebhooksMiddleware:
    """Hands a webhook call straight to its view. Stands behind SecurityMiddleware.

    A call has no session, cookie or origin, its Host is not used, and the stored event says more
    than log lines would. The skipped middleware took most of a call's time, and receipts come by
    the hundred per second.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self._get_response(request)
        try:
            view, args, kwargs = resolve(request.path_info, "inbound.webhooks.urls")
        except Resolver404:
            return self._get_response(request)
        try:
            response: HttpResponse = view(request, *args, **kwargs)
        except Error:
            # Providers repeat a call after any answer but 2xx.
            log.exception("webhook_not_stored", provider=kwargs["provider"])
            response = HttpResponse(status=503, content_type="text/plain")
            response["Retry-After"] = str(RETRY_AFTER)
        response["Content-Length"] = str(len(response.content))
        return response
