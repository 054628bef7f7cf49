"""The time limit of a message's delivery, as it arrives at the provider."""

import pytest

from channels.port.outcomes import OutcomeKind
from sandbox.providers.twilio.validation import message_problem as twilio_problem
from sandbox.providers.vonage.validation import message_problem as vonage_problem
from tests.sandbox.adapters import send, sender_of
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver

FIFTEEN_DAYS = 15 * 86_400


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
    client: Client, receiver: Receiver, provider: str, asked: int | None, arrives: int | None
) -> None:
    sender = sender_of(provider, client, receiver)
    outcome = send(sender, "+14155230001", valid_for=asked)
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
    valid = {
        "twilio": {"To": "+14155230001", "From": "+14155552345", "Body": "Hi"},
        "vonage": {"to": "14155230001", "from": "14155550100", "text": "Hi"},
    }
    assert is_refused(provider, valid[provider]) is False
    assert is_refused(provider, valid[provider] | {name: value}) is True


def is_refused(provider: str, form: dict[str, str]) -> bool:
    problems = {"twilio": twilio_problem, "vonage": vonage_problem}
    return bool(problems[provider](form))
