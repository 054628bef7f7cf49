"""The outcome that each provider's adapter makes of a recipient's behaviour at the sandbox."""

import pytest

from channels.port.outcomes import OutcomeKind
from tests.sandbox.adapters import HELLO, TEMPLATE, send, sender_of
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver

CONTENTS = {"gupshup": TEMPLATE}
"""Every other provider sends a text."""


@pytest.mark.parametrize(
    ("provider", "ending", "kind", "code"),
    [
        ("gupshup", "0001", OutcomeKind.ACCEPTED, ""),
        ("gupshup", "9003", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("gupshup", "9005", OutcomeKind.LIMITED, "rate_limited"),
        ("gupshup", "9006", OutcomeKind.LIMITED, "rate_limited"),
        ("gupshup", "9010", OutcomeKind.UNKNOWN, "provider_error_unmapped"),
        ("gupshup", "9011", OutcomeKind.UNKNOWN, "connection_lost"),
        ("gupshup", "9012", OutcomeKind.UNKNOWN, "connection_lost"),
        ("google_rbm", "0001", OutcomeKind.ACCEPTED, ""),
        ("google_rbm", "9003", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("google_rbm", "9004", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("google_rbm", "9005", OutcomeKind.UNKNOWN, "provider_unavailable"),
        ("google_rbm", "9006", OutcomeKind.LIMITED, "rate_limited"),
        ("google_rbm", "9010", OutcomeKind.UNKNOWN, "provider_unavailable"),
        ("google_rbm", "9011", OutcomeKind.UNKNOWN, "connection_lost"),
        ("twilio", "0001", OutcomeKind.ACCEPTED, ""),
        ("twilio", "9003", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("twilio", "9004", OutcomeKind.PERMANENT, "opted_out"),
        ("twilio", "9005", OutcomeKind.LIMITED, "rate_limited"),
        ("twilio", "9006", OutcomeKind.LIMITED, "rate_limited"),
        ("twilio", "9010", OutcomeKind.UNKNOWN, "provider_error_unmapped"),
        ("twilio", "9011", OutcomeKind.UNKNOWN, "connection_lost"),
        ("twilio", "9012", OutcomeKind.UNKNOWN, "connection_lost"),
        ("vonage", "0001", OutcomeKind.ACCEPTED, ""),
        ("vonage", "9003", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("vonage", "9004", OutcomeKind.PERMANENT, "recipient_blocked"),
        ("vonage", "9005", OutcomeKind.LIMITED, "rate_limited"),
        ("vonage", "9006", OutcomeKind.LIMITED, "rate_limited"),
        ("vonage", "9010", OutcomeKind.UNKNOWN, "provider_unavailable"),
        ("vonage", "9011", OutcomeKind.UNKNOWN, "connection_lost"),
        ("vonage", "9012", OutcomeKind.UNKNOWN, "connection_lost"),
    ],
)
def test_recipients_that_misbehave(
    client: Client, receiver: Receiver, provider: str, ending: str, kind: OutcomeKind, code: str
) -> None:
    sender = sender_of(provider, client, receiver)
    outcome = send(sender, f"+1415523{ending}", CONTENTS.get(provider, HELLO))
    assert (outcome.kind, outcome.code) == (kind, code)
