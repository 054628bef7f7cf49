"""What a provider's HTTP answer means where its body does not say, and how bodies are read."""

import json
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from channels.port.http_calls import HttpResponse
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind

UNMAPPED = "provider_error_unmapped"
"""Our code for a provider's code that no error map has."""

MAX_RETRY_AFTER = 24 * 3600.0
"""Seconds. A provider's mistake must not hold a sender for years."""


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """A row of an error map. `retry_after` (seconds) is for answers that name none."""

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
    """What the HTTP status alone means: for answers whose body says nothing that we know."""
    status = response.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        rule = limited("rate_limited", "The provider asks to slow down.", retry_after=5)
    elif status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # A gateway's 408 or 5xx says nothing about what became of the request behind it.
        rule = unknown("provider_unavailable", "The provider answered with a server error.")
    elif status >= HTTPStatus.BAD_REQUEST:
        rule = config("provider_refused", "The provider refused the request without saying why.")
    elif status >= HTTPStatus.MULTIPLE_CHOICES:
        # Never followed: the request would be posted a second time.
        rule = config("provider_redirected", "The sender's base URL redirects elsewhere.")
    else:
        rule = unknown("answer_unreadable", "The provider's answer could not be read.")
    return rule.outcome(provider_code=f"http_{status}", retry_after=retry_after(response))


def unmapped(response: HttpResponse, *, provider_code: str, message: str) -> Outcome:
    """A documented error body with a code that we do not know: a refusal, unless it is a 5xx."""
    outcome = by_status(response)
    if outcome.kind is OutcomeKind.PERMANENT:
        outcome = replace(outcome, cause=FailureCause.NONE)
    text = message or outcome.message
    return replace(outcome, code=UNMAPPED, provider_code=provider_code, message=text[:300])


def succeeded(response: HttpResponse) -> bool:
    return HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in an answer; {} where there is none."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def retry_after(response: HttpResponse) -> float | None:
    """Seconds of a Retry-After header; its date form is read against the answer's own Date."""
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
    """A number of seconds that can be waited for, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return float(min(value, MAX_RETRY_AFTER))
