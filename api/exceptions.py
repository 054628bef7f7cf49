"""Turns every refusal into one shape of answer: `{type, errors: [{code, detail, attr}]}`.

A DomainError with facts for the client adds them as `errors[0].data`. See docs/adr/0004.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import DataError, IntegrityError
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import ErrorResponse, ExceptionHandlerContext
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.response import Response
from rest_framework.status import HTTP_401_UNAUTHORIZED

from api.errors import DomainError, RequestTooLarge
from api.slow_statements import StatementTimedOut, is_statement_timeout

VALIDATION_STATUSES = frozenset({400, 422})
UNIQUE_VIOLATION = "23505"


def exception_handler(exc: Exception, context: ExceptionHandlerContext) -> Response | None:
    """DRF's EXCEPTION_HANDLER."""
    return Handler(exc, context).run()


class Refused(exceptions.APIException):
    """Wraps a DomainError in an exception that DRF can answer."""

    def __init__(self, error: DomainError) -> None:
        super().__init__(detail=error.detail, code=error.code)
        self.status_code = error.status
        self.error = error
        self.wait = error.data.get("retry_after")
        self.auth_header = 'Bearer realm="api"' if error.status == HTTP_401_UNAUTHORIZED else None


class AlreadyExists(DomainError):
    """Another request took a unique value after validation had found it free."""

    code = "already_exists"
    status = 409


class Handler(ExceptionHandler):
    def convert_known_exceptions(self, exc: Exception) -> Exception:
        return super().convert_known_exceptions(as_api_exception(exc))

    def format_exception(self, exc: exceptions.APIException) -> dict[str, Any]:
        answer: dict[str, Any] = Formatter(exc, self.context, self.exc).run()
        return answer

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        """Reports no refusal, not even a 503: it is an answer, and a report logs a bug."""
        if not isinstance(exc, Refused):
            super().report_exception(exc, response)


class Formatter(ExceptionFormatter):
    def get_error_type(self) -> Any:
        if isinstance(self.exc, Refused) and self.exc.status_code in VALIDATION_STATUSES:
            return "validation_error"
        return super().get_error_type()

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, Any]:
        answer: dict[str, Any] = super().format_error_response(error_response)
        if isinstance(self.exc, Refused):
            first = answer["errors"][0]
            first["attr"] = self.exc.error.attr
            if self.exc.error.data:
                first["data"] = self.exc.error.data
        return answer


def as_api_exception(exc: Exception) -> Exception:
    """The refusal for an exception that DRF does not know, None for a bug."""
    if is_statement_timeout(exc):
        exc = StatementTimedOut()
    if isinstance(exc, DomainError):
        return Refused(exc)
    if isinstance(exc, RequestDataTooBig):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return Refused(RequestTooLarge.beyond(limit, hint="Send it in several requests."))
    if isinstance(exc, IntegrityError) and getattr(exc.__cause__, "pgcode", "") == UNIQUE_VIOLATION:
        return Refused(AlreadyExists("Another object has the same unique value."))
    if isinstance(exc, ValidationError):
        return exceptions.ValidationError(get_error_detail(exc))
    if _is_unreadable_input(exc):
        return exceptions.ParseError("A value is out of range or holds an illegal character.")
    return exc


def _is_unreadable_input(exc: Exception) -> bool:
    """Whether PostgreSQL refused a value that passed validation, or psycopg2 refused U+0000."""
    nul = isinstance(exc, ValueError) and "NUL (0x00)" in str(exc)
    return nul or isinstance(exc, SuspiciousOperation | UnicodeEncodeError | DataError)


def error_body(kind: str, code: str, detail: str, *, attr: str | None = None) -> Mapping[str, Any]:
    """The body of one error, for answers given outside DRF."""
    return {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
