"""Hands messages over through a sender's adapter; each gets an outcome, whatever happens."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from functools import lru_cache, partial
from time import monotonic
from uuid import UUID

from channels.access_tokens import Authorized, NoToken, authorized
from channels.adapter import (
    Adapter,
    FailureCause,
    HttpRequest,
    HttpResponse,
    OutboundMessage,
    Outcome,
    OutcomeKind,
    SenderAccount,
)
from channels.answers import UNMAPPED
from channels.http import start
from channels.registry import adapter_for
from channels.transport import Exchange, Failure, Reason

logger = logging.getLogger(__name__)

Settled = list[tuple[UUID, Outcome]]

GRACE_SECONDS = 2.0
"""How long beyond a request's own time-out its value is waited for."""

_TEXTS = {
    Reason.DNS_FAILED: "The provider's address could not be found.",
    Reason.CONNECT_FAILED: "The provider could not be reached.",
    Reason.CONNECT_TIMEOUT: "The provider could not be reached in time.",
    Reason.TLS_FAILED: "No secure connection to the provider could be made.",
    Reason.NO_ANSWER: "The provider did not answer in time; it may have taken the message.",
    Reason.CONNECTION_LOST: "The connection was lost; the provider may have taken the message.",
    Reason.ANSWER_UNREADABLE: "The provider's answer broke off; it may have taken the message.",
    Reason.ANSWER_TOO_LARGE: "The provider's answer was too large; it may have taken the message.",
}


def deliver(
    *,
    account: SenderAccount,
    messages: Sequence[OutboundMessage],
    timeout: float,
    first_cut: float,
) -> Iterator[Settled]:
    """Posts all messages at once; yields what came within `first_cut` seconds, then the rest.

    Nothing is sent before the first item is asked for. At most two lists, none empty; each message
    is in exactly one. All within `timeout` + GRACE_SECONDS, and the time that an access token takes
    where one is due. Raises UnknownProvider.
    """
    adapter = adapter_for(account.provider)
    try:
        ready = authorized(account, adapter)
    except NoToken as refusal:
        yield from _cut([(message.id, refusal.outcome) for message in messages])
        return
    deadline = monotonic() + timeout + GRACE_SECONDS
    refused: Settled = []
    pending: dict[Future[Exchange], UUID] = {}
    for message in messages:
        future = _begin(partial(adapter.send_request, ready.account, message), timeout=timeout)
        if future is None:
            refused.append((message.id, _not_built(FailureCause.CONTENT)))
        else:
            pending[future] = message.id
    answered, late = wait(pending, timeout=first_cut)
    yield from _cut(refused + _settled(adapter, ready, answered, pending))
    wait(late, timeout=max(0.0, deadline - monotonic()))
    yield from _cut(_settled(adapter, ready, late, pending))


def check(*, account: SenderAccount, timeout: float) -> Outcome:
    """Whether a sender's credentials work, without sending anything. Raises UnknownProvider."""
    adapter = adapter_for(account.provider)
    try:
        ready = authorized(account, adapter)
    except NoToken as refusal:
        return refusal.outcome
    future = _begin(partial(adapter.check_request, ready.account), timeout=timeout)
    if future is None:
        return _not_built(FailureCause.CONFIG)
    wait((future,), timeout=timeout + GRACE_SECONDS)
    return _outcome(future, adapter.check_outcome)


def _begin(build: Callable[[], HttpRequest], *, timeout: float) -> Future[Exchange] | None:
    try:
        return start(build(), timeout=timeout)
    except Exception as error:  # noqa: BLE001 - one message's fault must not take others with it
        _log_fault("request", error)
        return None


def _cut(settled: Settled) -> Iterator[Settled]:
    if settled:
        yield settled


def _settled(
    adapter: Adapter,
    ready: Authorized,
    futures: Iterable[Future[Exchange]],
    ids: dict[Future[Exchange], UUID],
) -> Settled:
    settled = [
        (ids[future], ready.judged(_outcome(future, adapter.send_outcome))) for future in futures
    ]
    for _, outcome in settled:
        if outcome.code == UNMAPPED:
            _log_unmapped_once(adapter.provider, outcome.provider_code)
    return settled


def _outcome(future: Future[Exchange], read: Callable[[HttpResponse], Outcome]) -> Outcome:
    if not future.done():
        future.cancel()
        return _failed(Failure(Reason.NO_ANSWER, written=True))
    try:
        exchange = future.result()
        return _failed(exchange) if isinstance(exchange, Failure) else read(exchange)
    except Exception as error:  # noqa: BLE001 - the request may have left: UNKNOWN, always
        _log_fault("answer", error)
        return Outcome(
            OutcomeKind.UNKNOWN,
            code="adapter_error",
            message="The provider's answer could not be understood; it may have taken the message.",
        )


def _failed(failure: Failure) -> Outcome:
    kind = OutcomeKind.UNKNOWN if failure.written else OutcomeKind.PASSING
    return Outcome(kind, code=failure.reason.value, message=_TEXTS[failure.reason])


def _not_built(cause: FailureCause) -> Outcome:
    return Outcome(
        OutcomeKind.PERMANENT,
        code="adapter_error",
        message="The request to the provider could not be built from this message and sender.",
        cause=cause,
    )


def _log_fault(what: str, error: Exception) -> None:
    """Only the type: the text of an exception may hold a body, a phone number or a bot's token."""
    logger.error("adapter_fault", extra={"what": what, "error": type(error).__name__})


@lru_cache(maxsize=1024)
def _log_unmapped_once(provider: str, provider_code: str) -> None:
    """Once a process and code; how often it came is counted by the rows that carry it."""
    logger.warning("provider_error_unmapped", extra={"provider": provider, "code": provider_code})
