"""Answers 503 if PostgreSQL cancelled a statement of the request because it took too long."""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from psycopg2.errors import QueryCanceled

from api.errors import DomainError

log = structlog.get_logger(__name__)


class StatementTimedOut(DomainError):
    """A statement of the request took longer than WEB_STATEMENT_TIMEOUT."""

    code = "statement_timeout"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            f"The database needed more than {settings.WEB_STATEMENT_TIMEOUT:g} seconds. Narrow the "
            "request by a filter, or try again later."
        )


def is_statement_timeout(error: BaseException) -> bool:
    """Whether PostgreSQL cancelled the statement because it took too long."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, QueryCanceled)


class SlowStatementsMiddleware:
    """For views outside the API, such as the admin; the API's own handler does the same."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_statement_timeout(error):
            return None
        log.warning("statement_timed_out", path=request.path)
        refusal = StatementTimedOut()
        if request.path.startswith("/admin/"):
            return HttpResponse(refusal.detail, status=refusal.status, content_type="text/plain")
        body = {"code": refusal.code, "detail": refusal.detail, "attr": None}
        return JsonResponse({"type": "server_error", "errors": [body]}, status=refusal.status)
