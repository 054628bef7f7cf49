"""How long a message is worth delivering, as it arrives at the provider's end."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from channels.delivery import access_tokens
from channels.delivery.delivery import deliver
from channels.http import client as http
from channels.port.messages import OutboundMessage, SenderAccount, TextContent
from channels.port.outcomes import OutcomeKind
from sandbox.providers.twilio.validation import message_problem as twilio_problem
from sandbox.providers.vonage.validation import message_problem as vonage_problem
from tests.channels.providers.samples import account, service_account
from tests.sandbox.client import Client

FIFTEEN_DAYS = 15 * 86_400


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    http.close()
    access_tokens._holders.cache_clear()


def sender_of(provider: str, client: Client) -> SenderAccount:
    one = account(provider, base_url=client.base_url)
    if provider == "google_rbm":
        return replace(one, credentials={"service_account": service_account()})
    return one


@pytest.mark.parametrize(
    ("provider", "asked", "arrives"),
    [
        ("twilio", None, None),
        ("twilio", 1, 1),
        ("twilio", 3600, 3600),
        ("twilio", 90_000, 36_000),
        ("vonage", None, None),
        ("vonage", 3, 20),
        ("vonage", 3600, 3600),
        ("vonage", 900_000, 604_800),
        ("google_rbm", None, 86_400),
        ("google_rbm", 3, 10),
        ("google_rbm", 3600, 3600),
        ("google_rbm", 2_000_000, FIFTEEN_DAYS),
    ],
)
def test_it_arrives_within_the_providers_limits(
    client: Client, provider: str, asked: int | None, arrives: int | None
) -> None:
    message = OutboundMessage(
        id=uuid4(), to="+14155230001", content=TextContent("Hello"), valid_for=asked
    )
    sender = sender_of(provider, client)
    ((_, outcome),) = next(
        iter(deliver(account=sender, messages=[message], timeout=3, first_cut=3))
    )
    assert outcome.kind is OutcomeKind.ACCEPTED
    (accepted,) = client.get("accepted")["results"]
    assert accepted["valid_for"] == arrives


@pytest.mark.parametrize(
    ("provider", "name", "value"),
    [
        ("twilio", "ValidityPeriod", "36001"),
        ("twilio", "ValidityPeriod", "0"),
        ("vonage", "ttl", "19999"),
        ("vonage", "ttl", "604800001"),
        ("vonage", "ttl", "soon"),
    ],
)
def test_the_sandbox_refuses_what_the_provider_would(provider: str, name: str, value: str) -> None:
    taken = {
        "twilio": {"To": "+14155230001", "From": "+14155552345", "Body": "Hi"},
        "vonage": {"to": "14155230001", "from": "14155550100", "text": "Hi"},
    }
    assert problem_of(provider, taken[provider]) is False
    assert problem_of(provider, taken[provider] | {name: value}) is True


def problem_of(provider: str, form: dict[str, str]) -> bool:
    problems = {"twilio": twilio_problem, "vonage": vonage_problem}
    return bool(problems[provider](form))
