"""Errors of requests that reach no API view, in the API's shape; the admin has Django's."""

import sys
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views import defaults

from api.errors import DomainError
from api.exceptions import RETRY_AFTER, as_unavailable, error_body

ADMIN = "/admin/"
FORM_EXPIRED = "This form has expired. Go back, load the page again and send the form once more.\n"
"""Instead of Django's page, which tells strangers about settings."""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _in_admin(request):
        return defaults.bad_request(request, exception)
    return _answer(400, "parse_error", "Malformed request.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _in_admin(request):
        return defaults.permission_denied(request, exception)
    return _answer(403, "permission_denied", "You may not do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _in_admin(request):
        return defaults.page_not_found(request, exception)
    return _answer(404, "not_found", "Not found.")


def server_error(request: HttpRequest) -> HttpResponse:
    """503 if the database or Redis cannot work now; called while the exception is handled."""
    unavailable = as_unavailable(sys.exception())
    if unavailable is not None:
        return _unavailable(request, unavailable)
    if _in_admin(request):
        return defaults.server_error(request)
    return _answer(500, "error", "A server error occurred.", kind="server_error")


def _unavailable(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    response: HttpResponse
    if _in_admin(request):
        response = HttpResponse(refusal.detail, status=refusal.status, content_type="text/plain")
    else:
        body: Any = error_body("server_error", refusal.code, refusal.detail)
        body["errors"][0]["data"] = refusal.data
        response = JsonResponse(body, status=refusal.status)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _in_admin(request):
        return HttpResponseForbidden(FORM_EXPIRED, content_type="text/plain; charset=utf-8")
    return _answer(403, "permission_denied", "CSRF verification failed.")


def _in_admin(request: HttpRequest) -> bool:
    return request.path.startswith(ADMIN)


def _answer(status: int, code: str, detail: str, *, kind: str = "client_error") -> JsonResponse:
    return JsonResponse(error_body(kind, code, detail), status=status)
