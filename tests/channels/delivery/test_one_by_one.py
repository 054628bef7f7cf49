"""A shared request that is refused for one of its recipients is no verdict on the others."""

from typing import Any
from uuid import UUID

import pytest

from channels.delivery.delivery import Outcomes, deliver
from channels.delivery.grouping import is_about_one
from channels.port.messages import OutboundMessage
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from sandbox.running import RunningSandbox
from tests.channels.providers.samples import account, registered
from tests.sandbox.client import Client


def message(number: int, *, is_valid: bool = True) -> OutboundMessage:
    to = f"+91987654321{number}" if is_valid else "+91"
    return registered(to=to, message_id=UUID(int=number))


def sent(sandbox: RunningSandbox, messages: list[OutboundMessage], **options: float) -> Outcomes:
    sender = account("msg91", base_url=sandbox.base_url)
    times: dict[str, Any] = {"timeout": 3.0, "first_cut": 1.0, **options}
    return [pair for cut in deliver(account=sender, messages=messages, **times) for pair in cut]


def accepted(sandbox: RunningSandbox) -> list[str]:
    results = Client(sandbox.base_url).get("accepted?account=ACMEIN&limit=1000")["results"]
    return sorted(message["to"] for message in results)


@pytest.fixture(autouse=True)
def _no_messages_before(sandbox: RunningSandbox) -> None:
    Client(sandbox.base_url).control("reset", {})


def test_one_bad_number_fails_alone(sandbox: RunningSandbox) -> None:
    messages = [message(n, is_valid=n != 4) for n in range(10)]
    outcomes = dict(sent(sandbox, messages))
    refused = outcomes.pop(UUID(int=4))
    assert (refused.kind, refused.cause) == (OutcomeKind.PERMANENT, FailureCause.RECIPIENT)
    assert {outcome.kind for outcome in outcomes.values()} == {OutcomeKind.ACCEPTED}
    assert len(outcomes) == 9
    assert accepted(sandbox) == sorted(m.to.removeprefix("+") for m in messages if m.id.int != 4)


def test_what_may_no_longer_begin_waits_and_spends_no_attempt(sandbox: RunningSandbox) -> None:
    messages = [message(n, is_valid=False) for n in range(2)]
    ((_, first), (_, second)) = sent(sandbox, messages, not_after=0)
    assert {first.kind, second.kind} == {OutcomeKind.LIMITED}


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([Outcome(OutcomeKind.PERMANENT, cause=FailureCause.RECIPIENT)] * 2, True),
        ([Outcome(OutcomeKind.PERMANENT, cause=FailureCause.CONTENT)] * 2, True),
        ([Outcome(OutcomeKind.PERMANENT)] * 2, True),
        ([Outcome(OutcomeKind.PERMANENT, cause=FailureCause.RECIPIENT)], False),
        ([Outcome(OutcomeKind.PERMANENT, cause=FailureCause.CONFIG)] * 2, False),
        ([Outcome(OutcomeKind.LIMITED)] * 2, False),
        ([Outcome(OutcomeKind.UNKNOWN)] * 2, False),
        ([Outcome(OutcomeKind.PERMANENT), Outcome(OutcomeKind.ACCEPTED)], False),
    ],
)
def test_which_refusals_are_about_one_of_several(outcomes: list[Outcome], expected: bool) -> None:
    assert is_about_one(outcomes) is expected
