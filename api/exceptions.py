"""Turns every refusal into one shape of answer: `{type, errors: [{code, detail, attr}]}`.

A DomainError with facts for the client adds them as `errors[0].data`. See docs/adr/0004.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import ErrorResponse, ExceptionHandlerContext
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.response import Response
from rest_framework.status import HTTP_401_UNAUTHORIZED

from api.errors import DomainError, RequestTooLarge
from api.slow_statements import StatementTimedOut, is_statement_timeout

log = structlog.get_logger(__name__)

VALIDATION_STATUSES = frozenset({400, 422})
UNIQUE_VIOLATION = "23505"
READ_ONLY = "25006"
BUSY = frozenset({"40001", "40P01", "55P03", "57014"})
"""Serialization failure, deadlock, lock timeout, statement timeout."""
RETRY_AFTER = 5
"""Seconds after which a client may repeat a request that found no database or no Redis."""


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


class Unavailable(DomainError):
    """A server that the request needs cannot work now; nothing was changed."""

    status = 503
    text = ""


class DatabaseBusy(Unavailable):
    """The database could not do this in time, for example because a row stayed locked."""

    code = "database_busy"
    text = "The database could not do this in time; try again soon."


class DatabaseUnavailable(Unavailable):
    """The database is away, has no room, or takes no writes."""

    code = "database_unavailable"
    text = "The database cannot be used now; try again soon."


class RedisUnavailable(Unavailable):
    """Redis is away or takes no writes."""

    code = "redis_unavailable"
    text = "Redis cannot be used now; try again soon."


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
    refusal = exc if isinstance(exc, DomainError) else as_unavailable(exc)
    if refusal is not None:
        return Refused(refusal)
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


def as_unavailable(exc: BaseException | None) -> DomainError | None:
    """The refusal for an error of a database or a Redis that cannot work now, else None."""
    refusal = None if exc is None else _unavailable(exc)
    if exc is None or refusal is None:
        return None
    # Only the type is logged: the text of a database error may hold addresses.
    log.warning("unavailable", code=refusal.code, error_type=type(exc.__cause__ or exc).__name__)
    return refusal(refusal.text, data={"retry_after": RETRY_AFTER})


def _unavailable(exc: BaseException) -> type[Unavailable] | None:
    if isinstance(exc, RedisError | BrokerError):
        return RedisUnavailable
    pgcode = getattr(exc.__cause__, "pgcode", None)
    if isinstance(exc, OperationalError) and pgcode in BUSY:
        return DatabaseBusy
    if isinstance(exc, OperationalError | InterfaceError):
        return DatabaseUnavailable
    is_read_only = isinstance(exc, InternalError) and pgcode == READ_ONLY
    return DatabaseUnavailable if is_read_only else None


def _is_unreadable_input(exc: Exception) -> bool:
    """Whether PostgreSQL refused a value that passed validation, or psycopg2 refused U+0000."""
    nul = isinstance(exc, ValueError) and "NUL (0x00)" in str(exc)
    return nul or isinstance(exc, SuspiciousOperation | UnicodeEncodeError | DataError)


def error_body(kind: str, code: str, detail: str, *, attr: str | None = None) -> Mapping[str, Any]:
    """The body of one error, for answers given outside DRF."""
    return {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
