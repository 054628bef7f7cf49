"""Every adapter against a server that limits, resets, delays, garbles or omits its answer.

Each test checks the kind of the outcome, and that one hand-over made exactly one request.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from channels.delivery.delivery import deliver
from channels.http import client as http
from channels.port.messages import SenderAccount
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.registry import ADAPTERS
from tests.channels.providers.samples import account, registered, service_account, text
from tests.conformance.wiremock import Place, WireMock, serving

EVERY = pytest.mark.parametrize("provider", sorted(ADAPTERS))
Proven = Callable[[str, str], None]

# Each provider's answer to an accepted message.
ACCEPTED: dict[str, tuple[int, Any]] = {
    "google_rbm": (200, {"name": f"phones/+1/agentMessages/{UUID(int=1)}", "sendTime": "2026"}),
    "gupshup": (202, {"status": "submitted", "messageId": "ee4a68a0"}),
    "meta_cloud": (200, {"messages": [{"id": "wamid.1", "message_status": "accepted"}]}),
    "msg91": (200, {"type": "success", "message": "3763646c30"}),
    "telegram_bot": (200, {"ok": True, "result": {"message_id": 7, "chat": {"id": 42}}}),
    "twilio": (201, {"sid": "SM1", "status": "queued"}),
    "vonage": (200, {"messages": [{"status": "0", "message-id": "0A"}]}),
}
# Bodies of an HTTP 429; the providers that are not listed need none.
LIMITS: dict[str, Any] = {
    "telegram_bot": {"ok": False, "error_code": 429, "parameters": {"retry_after": 7}},
    "twilio": {"code": 20429, "message": "Too Many Requests", "status": 429},
    "meta_cloud": {"error": {"code": 130429, "message": "Rate limit hit"}},
}


@pytest.fixture(scope="session")
def wiremock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireMock]:
    with serving(tmp_path_factory.mktemp("wiremock") / "log") as server:
        yield server


@pytest.fixture(scope="session")
def key() -> str:
    return service_account()


@pytest.fixture
def place(wiremock: WireMock) -> Iterator[Place]:
    own_place = wiremock.place()
    token = {"access_token": "ya29", "expires_in": 3600, "token_type": "Bearer"}
    own_place.answers({"status": 200, "jsonBody": token}, below="/token", priority=1)
    yield own_place
    http.close()


@pytest.fixture
def sender(place: Place, provider: str, key: str) -> SenderAccount:
    sender = account(provider, base_url=place.url)
    credentials = {"service_account": key} if provider == "google_rbm" else sender.credentials
    return replace(sender, credentials=credentials)


def send(sender: SenderAccount, *, timeout: float = 5.0) -> Outcome:
    by_template = ADAPTERS[sender.provider].capabilities.needs_text_template
    to = "42" if sender.provider == "telegram_bot" else "+14155550123"
    message = registered(to=to) if by_template else text(to=to)
    cuts = list(deliver(account=sender, messages=[message], timeout=timeout, first_cut=timeout))
    (((_, outcome),),) = cuts
    return outcome


def accepted(provider: str, **more: Any) -> dict[str, Any]:
    status, body = ACCEPTED[provider]
    return {"status": status, "jsonBody": body, **more}


@EVERY
def test_a_limit_then_success(
    provider: str, place: Place, sender: SenderAccount, proven: Proven
) -> None:
    limited = {"status": 429, "jsonBody": LIMITS.get(provider, {}), "headers": {"Retry-After": "7"}}
    scenario = {"scenarioName": place.path}
    place.answers(limited, **scenario, requiredScenarioState="Started", newScenarioState="over")
    place.answers(accepted(provider), **scenario, requiredScenarioState="over")
    first = send(sender)
    assert (first.kind, first.retry_after) == (OutcomeKind.LIMITED, 7.0)
    assert send(sender).kind is OutcomeKind.ACCEPTED
    assert place.received() == 2
    proven(provider, "WireMock")


@EVERY
@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ("CONNECTION_RESET_BY_PEER", {"connection_lost"}),
        ("EMPTY_RESPONSE", {"connection_lost"}),
        ("RANDOM_DATA_THEN_CLOSE", {"answer_unreadable"}),
        # The garbage is random: sometimes it parses as the size of a chunk that never comes.
        ("MALFORMED_RESPONSE_CHUNK", {"answer_unreadable", "no_answer"}),
    ],
)
def test_a_fault_after_the_request_is_unknown_and_not_sent_again(
    provider: str, fault: str, codes: set[str], place: Place, sender: SenderAccount, proven: Proven
) -> None:
    place.answers({"fault": fault})
    outcome = send(sender, timeout=2.0)
    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.code in codes
    assert place.received() == 1
    proven(provider, "WireMock")


@EVERY
def test_a_truncated_answer_is_unknown(
    provider: str, place: Place, sender: SenderAccount, proven: Proven
) -> None:
    status, body = ACCEPTED[provider]
    place.answers({"status": status, "body": json.dumps(body)[:-4]})
    assert send(sender).kind is OutcomeKind.UNKNOWN
    assert place.received() == 1
    proven(provider, "WireMock")


@EVERY
def test_an_unspecific_server_error_is_unknown(
    provider: str, place: Place, sender: SenderAccount, proven: Proven
) -> None:
    place.answers({"status": 502, "body": "<html>Bad Gateway</html>"})
    # Only Google ignores a repeated message id, so only its messages may be retried.
    idempotent = ADAPTERS[provider].capabilities.idempotent
    allowed = {OutcomeKind.UNKNOWN} | ({OutcomeKind.PASSING} if idempotent else set())
    assert send(sender).kind in allowed
    assert place.received() == 1
    proven(provider, "WireMock")


@EVERY
def test_a_slow_answer_is_waited_for(
    provider: str, place: Place, sender: SenderAccount, proven: Proven
) -> None:
    dribble = {"numberOfChunks": 4, "totalDuration": 1200}
    place.answers(accepted(provider, chunkedDribbleDelay=dribble))
    assert send(sender).kind is OutcomeKind.ACCEPTED
    assert place.received() == 1
    proven(provider, "WireMock")


@EVERY
def test_accepted_and_then_no_answer_in_time_is_unknown(
    provider: str, place: Place, sender: SenderAccount, proven: Proven
) -> None:
    place.answers(accepted(provider, fixedDelayMilliseconds=4000))
    outcome = send(sender, timeout=1.0)
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "no_answer")
    assert place.received() == 1
    proven(provider, "WireMock")


@EVERY
def test_a_redirect_is_not_followed(
    provider: str, place: Place, sender: SenderAccount, proven: Proven
) -> None:
    place.answers({"status": 307, "headers": {"Location": f"{place.url}/elsewhere"}})
    outcome = send(sender)
    assert (outcome.kind, outcome.code) == (OutcomeKind.PERMANENT, "provider_redirected")
    assert place.received() == 1
    proven(provider, "WireMock")
