"""The rows of error maps, and the outcome of HTTP answers whose body names no error."""

import json
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from channels.port.http_calls import HttpResponse
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind

UNMAPPED = "provider_error_unmapped"
"""Our code for a provider's code that is in no error map."""

MAX_RETRY_AFTER = 24 * 3600.0
"""Seconds. A provider's mistake must not hold a sender for years."""


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """A row of an error map. `retry_after` (seconds) applies if the answer names none."""

    kind: OutcomeKind
    code: str
    message: str
    cause: FailureCause = FailureCause.NONE
    limit_scope: LimitScope = LimitScope.SENDER
    retry_after: float | None = None

    def outcome(self, *, provider_code: str, retry_after: float | None = None) -> Outcome:
        return Outcome(
            kind=self.kind,
            code=self.code,
            provider_code=provider_code,
            message=self.message,
            retry_after=self.retry_after if retry_after is None else retry_after,
            limit_scope=self.limit_scope,
            cause=self.cause,
        )


def config(code: str, message: str) -> ErrorRule:
    return ErrorRule(OutcomeKind.PERMANENT, code, message, FailureCause.CONFIG)


def content(code: str, message: str) -> ErrorRule:
    return ErrorRule(OutcomeKind.PERMANENT, code, message, FailureCause.CONTENT)


def recipient(code: str, message: str) -> ErrorRule:
    return ErrorRule(OutcomeKind.PERMANENT, code, message, FailureCause.RECIPIENT)


def opt_out(code: str, message: str) -> ErrorRule:
    return ErrorRule(OutcomeKind.PERMANENT, code, message, FailureCause.OPT_OUT)


def passing(code: str, message: str, *, retry_after: float | None = None) -> ErrorRule:
    return ErrorRule(OutcomeKind.PASSING, code, message, retry_after=retry_after)


def unknown(code: str, message: str) -> ErrorRule:
    return ErrorRule(OutcomeKind.UNKNOWN, code, message)


def limited(
    code: str, message: str, *, retry_after: float, scope: LimitScope = LimitScope.SENDER
) -> ErrorRule:
    return ErrorRule(OutcomeKind.LIMITED, code, message, limit_scope=scope, retry_after=retry_after)


def by_status(response: HttpResponse) -> Outcome:
    """The outcome by HTTP status alone, for answers whose body names no known error."""
    status = response.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        rule = limited("rate_limited", "The provider asks to slow down.", retry_after=5)
    elif status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # A gateway's 408 or 5xx does not say if the server behind it processed the request.
        rule = unknown("provider_unavailable", "The provider answered with a server error.")
    elif status >= HTTPStatus.BAD_REQUEST:
        rule = config("provider_refused", "The provider refused the request without saying why.")
    elif status >= HTTPStatus.MULTIPLE_CHOICES:
        # Redirects are never followed: that would post the request a second time.
        rule = config("provider_redirected", "The sender's base URL redirects elsewhere.")
    else:
        rule = unknown("answer_unreadable", "The provider's answer could not be read.")
    return rule.outcome(provider_code=f"http_{status}", retry_after=retry_after(response))


def unmapped(response: HttpResponse, *, provider_code: str, message: str) -> Outcome:
    """The outcome of an error body with an unknown code: a refusal, unless the status is 5xx."""
    outcome = by_status(response)
    if outcome.kind is OutcomeKind.PERMANENT:
        outcome = replace(outcome, cause=FailureCause.NONE)
    text = message or outcome.message
    return replace(outcome, code=UNMAPPED, provider_code=provider_code, message=text[:300])


def succeeded(response: HttpResponse) -> bool:
    return HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; {} if it holds none."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def retry_after(response: HttpResponse) -> float | None:
    """Seconds of a Retry-After header; a date in it is compared with the answer's Date header."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return seconds(int(value[:9]))
    try:
        until = parsedate_to_datetime(value) - parsedate_to_datetime(headers["date"])
    except (ValueError, TypeError, KeyError):
        return None
    return seconds(until.total_seconds())


def seconds(value: Any) -> float | None:
    """A non-negative number of seconds, at most MAX_RETRY_AFTER; None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return float(min(value, MAX_RETRY_AFTER))
