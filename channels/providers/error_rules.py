"""The rows of error maps, and the outcome of HTTP answers whose body names no error."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from channels.port.events import Receipt, ReceiptStatus
from channels.port.http_calls import HttpResponse
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind

UNMAPPED = "provider_error_unmapped"
"""Our code for a provider's code that is in no error map."""

REFUSED = "provider_refused"
"""Our code for a refusal that says nothing of its reason."""

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


def route(code: str, message: str) -> ErrorRule:
    """About this sender to this destination; it says nothing about other messages."""
    return ErrorRule(OutcomeKind.PERMANENT, code, message, FailureCause.ROUTE)


def capped(code: str, message: str, *, retry_after: float | None = None) -> ErrorRule:
    """The platform limits marketing to this person. `retry_after`: when a retry may be useful."""
    return ErrorRule(
        OutcomeKind.PERMANENT, code, message, FailureCause.CAPPED, retry_after=retry_after
    )


def opt_out(code: str, message: str) -> ErrorRule:
    return ErrorRule(OutcomeKind.PERMANENT, code, message, FailureCause.OPT_OUT)


def passing(code: str, message: str, *, retry_after: float | None = None) -> ErrorRule:
    return ErrorRule(OutcomeKind.PASSING, code, message, retry_after=retry_after)


def waiting(code: str, message: str) -> ErrorRule:
    return ErrorRule(OutcomeKind.WAITING, code, message)


def unknown(code: str, message: str) -> ErrorRule:
    return ErrorRule(OutcomeKind.UNKNOWN, code, message)


def limited(
    code: str, message: str, *, retry_after: float, scope: LimitScope = LimitScope.SENDER
) -> ErrorRule:
    return ErrorRule(OutcomeKind.LIMITED, code, message, limit_scope=scope, retry_after=retry_after)


ACCOUNT_STATUSES: dict[int, ErrorRule] = {
    401: config("sender_unauthorized", "The provider does not accept the sender's credentials."),
    402: config("provider_billing", "The provider asks for a payment."),
    403: config("sender_forbidden", "The provider does not allow the sender to send."),
}
"""HTTP statuses that concern the account, unless the provider's table has the answer's code."""


def by_status(response: HttpResponse) -> Outcome:
    """The outcome by HTTP status alone, for answers whose body names no known error."""
    status = response.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        rule = limited("rate_limited", "The provider asks to slow down.", retry_after=5)
    elif status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # A gateway's 408 or 5xx does not say if the server behind it processed the request.
        rule = unknown("provider_unavailable", "The provider answered with a server error.")
    elif status in ACCOUNT_STATUSES:
        rule = ACCOUNT_STATUSES[status]
    elif status >= HTTPStatus.BAD_REQUEST:
        rule = config(REFUSED, "The provider refused the request without saying why.")
    elif status >= HTTPStatus.MULTIPLE_CHOICES:
        # Redirects are never followed: that would post the request a second time.
        rule = config("provider_redirected", "The sender's base URL redirects elsewhere.")
    else:
        rule = unknown("answer_unreadable", "The provider's answer could not be read.")
    return rule.outcome(provider_code=f"http_{status}", retry_after=retry_after(response))


def unmapped(response: HttpResponse, *, provider_code: str, message: str) -> Outcome:
    """The outcome of an error body with an unknown code: a refusal, unless the status is 5xx.

    With one of ACCOUNT_STATUSES the refusal is the account's, otherwise its cause is not known.
    """
    outcome = by_status(response)
    if outcome.kind is OutcomeKind.PERMANENT and response.status not in ACCOUNT_STATUSES:
        outcome = replace(outcome, cause=FailureCause.NONE)
    text = message or outcome.message
    return replace(outcome, code=UNMAPPED, provider_code=provider_code, message=text[:300])


def without_code(response: HttpResponse, message: object) -> Outcome:
    """The outcome of an error body of the provider's own that names no code.

    As for an unknown code, the refusal may be one message's; a bare 400 is the configuration's.
    """
    outcome = by_status(response)
    if outcome.code != REFUSED:
        return outcome
    text = message if isinstance(message, str) else ""
    return unmapped(response, provider_code=outcome.provider_code, message=text)


def failure(rule: ErrorRule | None, *, provider_code: str, message: str) -> Outcome:
    """The outcome of a reported failure by its row; `message` is for a code without a row."""
    if rule is not None:
        return rule.outcome(provider_code=provider_code)
    return Outcome(
        OutcomeKind.PERMANENT, code=UNMAPPED, provider_code=provider_code, message=message[:300]
    )


def without_reason(message: str) -> Outcome:
    """The outcome of a reported failure for which the provider gives no code."""
    return recipient("delivery_failed", message).outcome(provider_code="")


def receipt_of(
    failed: Outcome,
    *,
    at: datetime,
    provider_message_id: str,
    message_id: UUID | None = None,
    alias: str = "",
) -> Receipt:
    """The receipt of a failure, with the consequences that the same code has in an answer."""
    is_limit = failed.kind is OutcomeKind.LIMITED and failed.limit_scope is LimitScope.SENDER
    return Receipt(
        status=ReceiptStatus.FAILED,
        at=at,
        provider_message_id=provider_message_id,
        message_id=message_id,
        code=failed.code,
        provider_code=failed.provider_code,
        message=failed.message,
        opted_out=failed.cause is FailureCause.OPT_OUT,
        alias=alias,
        cause=failed.cause,
        holds_sender_for=(failed.retry_after or 0.0) if is_limit else 0.0,
    )


def least_certain(outcomes: Sequence[Outcome]) -> Outcome:
    """The verdict on a message of several parts, whatever their order: the least certain part's.

    The parts were all taken, or all not taken: a mix of both is the caller's.
    """
    return max(outcomes, key=_uncertainty)


_BY_CERTAINTY = (
    OutcomeKind.ACCEPTED,
    OutcomeKind.WAITING,
    OutcomeKind.PERMANENT,
    OutcomeKind.LIMITED,
    OutcomeKind.PASSING,
    OutcomeKind.UNKNOWN,
)


def _uncertainty(outcome: Outcome) -> tuple[int, bool, str, str]:
    """A refusal of the configuration comes after other refusals: a repair may mend it."""
    is_config = outcome.cause is FailureCause.CONFIG
    kind = _BY_CERTAINTY.index(outcome.kind)
    return kind, is_config, outcome.code, outcome.provider_code


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
