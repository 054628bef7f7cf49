"""Hands messages over through a sender's adapter; every message gets an outcome."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import lru_cache, partial
from math import inf
from typing import Any
from uuid import UUID

import structlog

from channels.delivery.access_tokens import Authorized, NoToken, authorized
from channels.delivery.grouping import Group, groups_of, is_about_one, outcomes_of, request_of
from channels.http.client import NO_STARTS, Exchanges, exchange_all
from channels.http.transport import (
    GRACE_SECONDS,
    Exchange,
    Failure,
    PreparedRequest,
    Reason,
    prepare,
)
from channels.port.adapter import Adapter
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import OutboundMessage, SenderAccount
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind
from channels.providers.error_rules import UNMAPPED
from channels.providers.registry import adapter_for

log = structlog.get_logger(__name__)

Outcomes = list[tuple[UUID, Outcome]]
Handed = tuple[dict[int, Group], Exchanges[int], Outcomes]
"""Groups by number, their exchanges, and the outcomes of messages that have no request."""
SendAlone = Callable[[Authorized, Sequence[OutboundMessage]], Handed]
"""Begins a request for each of these messages."""

_LOST = Failure(Reason.NO_ANSWER, written=True)

_TEXTS = {
    Reason.DNS_FAILED: "The provider's address could not be found.",
    Reason.CONNECT_FAILED: "The provider could not be reached.",
    Reason.CONNECT_TIMEOUT: "The provider could not be reached in time.",
    Reason.TLS_FAILED: "No secure connection to the provider could be made.",
    Reason.NO_ANSWER: "The provider did not answer in time; it may have taken the message.",
    Reason.CONNECTION_LOST: "The connection was lost; the provider may have taken the message.",
    Reason.ANSWER_UNREADABLE: "The provider's answer broke off; it may have taken the message.",
    Reason.ANSWER_TOO_LARGE: "The provider's answer was too large; it may have taken the message.",
    Reason.MISSED_ITS_TIME: "Its time within the sender's limit had passed; it gets another.",
    Reason.HELD_BACK: "The provider asked to slow down before it was sent.",
    Reason.WOKE_TOO_LATE: "The worker was stopped before it was sent.",
}
# Failures of our own making, which use up no attempt → seconds until the message may be claimed
_NOT_BEGUN = {Reason.MISSED_ITS_TIME: 0.0, Reason.HELD_BACK: 1.0, Reason.WOKE_TOO_LATE: 0.0}


class Delivery:
    """The outcomes of messages that were handed over together, in at most two cuts.

    If a shared request was refused for one of its messages, they are sent again one by one, in at
    most two further cuts. Each message is in exactly one cut. Iterating waits for the cuts and
    skips empty ones.
    """

    def __init__(
        self,
        *,
        ready: Authorized | None,
        refused: Outcomes,
        handed: Mapping[int, Group],
        exchanges: Exchanges[int],
        send_alone: SendAlone,
    ) -> None:
        self._ready = ready
        self._refused = refused
        self._open = dict(handed)
        self._exchanges = exchanges
        self._send_alone = send_alone
        self._alone: list[OutboundMessage] = []

    @property
    def is_over(self) -> bool:
        return self._exchanges.is_over

    @property
    def cut(self) -> Future[Any]:
        """Done when `take` will not wait."""
        return self._exchanges.cut

    @property
    def due_by(self) -> float:
        """Until when `take` waits at most (monotonic)."""
        return self._exchanges.due_by

    def take(self) -> Outcomes:
        """Wait for the next cut and return it; after the last cut every message has an outcome."""
        answers = self._exchanges.take()
        if self.is_over:
            answers = {n: answers.get(n, _LOST) for n in self._open}
        handed = {n: self._open.pop(n) for n in answers}
        settled, self._refused = self._refused, []
        if self._ready is not None:
            outcomes, alone = _finished(self._ready, answers, handed)
            settled += outcomes
            self._alone += alone
            if self._alone and self.is_over:
                self._open, self._exchanges, not_built = self._send_alone(self._ready, self._alone)
                settled, self._alone = settled + not_built, []
        return settled

    def __iter__(self) -> Iterator[Outcomes]:
        while not self.is_over:
            if settled := self.take():
                yield settled


def deliver(
    *,
    account: SenderAccount,
    messages: Sequence[OutboundMessage],
    timeout: float,
    first_cut: float,
    starts: Mapping[UUID, float] = NO_STARTS,
    not_after: float = inf,
) -> Delivery:
    """Begin to send all messages; the first cut holds answers that came within `first_cut` seconds.

    A message is sent at once or, if `starts` names it, at that time (monotonic), but never later
    than `not_after`. Messages share a request if the adapter can group them, and then share an
    unknown outcome too; a paced sender's messages do not, because its limit counts each of them.
    Every message has its outcome within `timeout` + GRACE_SECONDS of the last start; twice that if
    a shared request was refused for one of its messages. If an access
    token must be fetched, this call waits for it. Raises UnknownProvider.
    """
    adapter = adapter_for(account.provider)

    def hand_over(ready: Authorized | None, groups: Iterable[Group]) -> Handed:
        handed: dict[int, Group] = {}
        requests: dict[int, PreparedRequest] = {}
        refused: Outcomes = []
        if ready is not None:
            handed, requests, refused = _prepare_all(
                adapter, ready.account, groups, timeout=timeout
            )
        exchanges = Exchanges(
            requests,
            first_cut=first_cut,
            within=timeout + GRACE_SECONDS,
            starts=_numbered(starts, handed),
            not_after=not_after,
        )
        return handed, exchanges, refused

    ready: Authorized | None = None
    no_token: Outcomes = []
    try:
        ready = authorized(account, adapter)
    except NoToken as refusal:
        no_token = [(message.id, refusal.outcome) for message in messages]
    groups = _one_each(messages) if starts else groups_of(adapter, messages)
    handed, exchanges, refused = hand_over(ready, groups)
    return Delivery(
        ready=ready,
        refused=no_token + refused,
        handed=handed,
        exchanges=exchanges,
        send_alone=lambda ready, messages: hand_over(ready, _one_each(messages)),
    )


def _one_each(messages: Sequence[OutboundMessage]) -> list[Group]:
    return [(message,) for message in messages]


def _numbered(starts: Mapping[UUID, float], handed: Mapping[int, Group]) -> Mapping[int, float]:
    if not starts:
        return NO_STARTS
    return {n: starts[group[0].id] for n, group in handed.items() if group[0].id in starts}


def check_credentials(*, account: SenderAccount, timeout: float) -> Outcome:
    """Check a sender's credentials without sending a message. Raises UnknownProvider."""
    adapter = adapter_for(account.provider)
    try:
        ready = authorized(account, adapter)
    except NoToken as refusal:
        return refusal.outcome
    request = _prepared(partial(adapter.check_request, ready.account), timeout=timeout)
    if request is None:
        return _not_built(FailureCause.CONFIG)
    answers = exchange_all({0: request}, within=timeout + GRACE_SECONDS)
    return _outcome(answers.get(0, _LOST), adapter.check_outcome)


def _prepare_all(
    adapter: Adapter, account: SenderAccount, groups: Iterable[Group], *, timeout: float
) -> tuple[dict[int, Group], dict[int, PreparedRequest], Outcomes]:
    """Groups and requests, by the group's number; and outcomes of messages that have no request."""
    handed: dict[int, Group] = {}
    requests: dict[int, PreparedRequest] = {}
    refused: Outcomes = []
    for n, messages in enumerate(groups):
        group, request = _prepare_group(adapter, account, messages, timeout=timeout)
        if request is not None:
            handed[n], requests[n] = group, request
        if len(group) < len(messages):
            built = {message.id for message in group}
            refused += [
                (message.id, _not_built(FailureCause.CONTENT))
                for message in messages
                if message.id not in built
            ]
    return handed, requests, refused


def _prepare_group(
    adapter: Adapter, account: SenderAccount, group: Group, *, timeout: float
) -> tuple[Group, PreparedRequest | None]:
    """The messages of a group that a request can be built from, and that request."""
    request = _prepared(partial(request_of, adapter, account, group), timeout=timeout)
    if request is not None:
        return group, request
    buildable = [
        message for message in group if _can_be_built(adapter, account, message, timeout=timeout)
    ]
    if not buildable or len(buildable) == len(group):
        return (), None
    request = _prepared(partial(request_of, adapter, account, buildable), timeout=timeout)
    return (buildable, request) if request is not None else ((), None)


def _can_be_built(
    adapter: Adapter, account: SenderAccount, message: OutboundMessage, *, timeout: float
) -> bool:
    return _prepared(partial(request_of, adapter, account, (message,)), timeout=timeout) is not None


def _prepared(build: Callable[[], HttpRequest], *, timeout: float) -> PreparedRequest | None:
    try:
        return prepare(build(), timeout=timeout)
    except Exception as error:  # noqa: BLE001 - one bad message must not stop the others
        _log_fault("request", error)
        return None


def _finished(
    ready: Authorized, answers: Mapping[int, Exchange], handed: Mapping[int, Group]
) -> tuple[Outcomes, list[OutboundMessage]]:
    """The outcomes, and the messages that are to be sent one by one."""
    adapter = adapter_for(ready.account.provider)
    settled: Outcomes = []
    alone: list[OutboundMessage] = []
    for n, exchange in answers.items():
        outcomes = _outcomes(adapter, exchange, handed[n])
        if is_about_one(outcomes):
            alone += handed[n]
            continue
        settled += [
            (message.id, ready.judged(outcome))
            for message, outcome in zip(handed[n], outcomes, strict=True)
        ]
    for _, outcome in settled:
        if outcome.code == UNMAPPED:
            _log_unmapped_once(adapter.provider, outcome.provider_code)
    return settled, alone


def _outcomes(adapter: Adapter, exchange: Exchange, group: Group) -> Sequence[Outcome]:
    """One outcome per message of the group; if the request failed, its failure for each."""
    if isinstance(exchange, Failure):
        return [_failed(exchange)] * len(group)
    try:
        return outcomes_of(adapter, exchange, group)
    except Exception as error:  # noqa: BLE001 - the request may have left: UNKNOWN, always
        _log_fault("answer", error)
        return [_NOT_UNDERSTOOD] * len(group)


_NOT_UNDERSTOOD = Outcome(
    OutcomeKind.UNKNOWN,
    code="adapter_error",
    message="The provider's answer could not be understood; it may have taken the message.",
)


def _outcome(exchange: Exchange, read: Callable[[HttpResponse], Outcome]) -> Outcome:
    try:
        return _failed(exchange) if isinstance(exchange, Failure) else read(exchange)
    except Exception as error:  # noqa: BLE001 - as above
        _log_fault("answer", error)
        return _NOT_UNDERSTOOD


def _failed(failure: Failure) -> Outcome:
    if failure.reason in _NOT_BEGUN:
        return Outcome(
            OutcomeKind.LIMITED,
            code=failure.reason.value,
            message=_TEXTS[failure.reason],
            retry_after=_NOT_BEGUN[failure.reason],
            limit_scope=LimitScope.RECIPIENT,
        )
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
    """Logs only the error's type: its text may hold a body, a phone number or a bot's token."""
    log.error("adapter_fault", what=what, error_type=type(error).__name__)


@lru_cache(maxsize=1024)
def _log_unmapped_once(provider: str, provider_code: str) -> None:
    """Logs each code once per process; the messages that carry the code show how often it came."""
    log.warning("provider_error_unmapped", provider=provider, code=provider_code)
