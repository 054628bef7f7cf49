"""Answers are for their caller alone: no browser and no proxy stores them."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class NoStoreMiddleware:
    """Sets `Cache-Control: no-store` on every answer whose view does not say otherwise.

    An answer of the API or the admin has data of a tenant, an answer to a log-in has tokens, and
    a short link belongs to one person. A refusal counts too: caches may keep a 404 (RFC 9111).
    Static files have a header of their own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
