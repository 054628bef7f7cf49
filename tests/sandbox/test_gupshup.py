"""The sandbox as Gupshup: templates, and events whose ids change from Gupshup's to WhatsApp's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from channels.delivery.delivery import check_credentials, deliver
from channels.http import client as http
from channels.port.events import Receipt, Reply
from channels.port.messages import OutboundMessage, Parameter, SenderAccount, TemplateContent
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.gupshup.adapter import Gupshup
from tests.channels.providers.samples import account
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

GUPSHUP = Gupshup()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NUMBER = "919163805873"
CONTENT = TemplateContent(
    "sale", "en", body=(Parameter("Ana"),), provider_template_id="c6aecef6-bcb0-4fb1-8100"
)


@pytest.fixture
def sender(client: Client, receiver: Receiver) -> Iterator[SenderAccount]:
    target = {"provider": "gupshup", "account": NUMBER, "url": f"{receiver.url}?token=t"}
    client.control("webhooks", target)
    yield account("gupshup", base_url=client.base_url)
    http.close()


def send(sender: SenderAccount, to: str, content: TemplateContent = CONTENT) -> Outcome:
    message = OutboundMessage(id=uuid4(), to=to, content=content)
    ((_, outcome),) = next(
        iter(deliver(account=sender, messages=[message], timeout=3, first_cut=3))
    )
    return outcome


@pytest.mark.parametrize(
    ("ending", "kind", "code"),
    [
        ("0001", OutcomeKind.ACCEPTED, ""),
        ("9003", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("9005", OutcomeKind.LIMITED, "rate_limited"),
        ("9006", OutcomeKind.LIMITED, "rate_limited"),
        ("9010", OutcomeKind.UNKNOWN, "provider_error_unmapped"),
        ("9011", OutcomeKind.UNKNOWN, "connection_lost"),
        ("9012", OutcomeKind.UNKNOWN, "connection_lost"),
    ],
)
def test_recipients_that_misbehave(
    sender: SenderAccount, ending: str, kind: OutcomeKind, code: str
) -> None:
    outcome = send(sender, f"+9198765{ending}")
    assert (outcome.kind, outcome.code) == (kind, code)


@pytest.mark.parametrize(
    ("ending", "statuses"),
    [("9019", {"SENT", "DELIVERED", "READ"}), ("9001", {"SENT", "FAILED"})],
)
def test_every_event_is_found_by_the_answers_id(
    client: Client, sender: SenderAccount, receiver: Receiver, ending: str, statuses: set[str]
) -> None:
    outcome = send(sender, f"+9198765{ending}")
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == len(statuses))
    receipts = [
        event
        for _, body in receiver.calls
        for event in GUPSHUP.webhook.parse(body, received_at=NOW)
    ]
    assert {each.status for each in receipts if isinstance(each, Receipt)} == statuses
    assert {each.provider_message_id for each in receipts if isinstance(each, Receipt)} == {
        outcome.provider_message_id
    }


def test_a_paused_template(client: Client, sender: SenderAccount) -> None:
    client.control(
        "accounts", {"provider": "gupshup", "account": NUMBER, "paused_templates": ["*"]}
    )
    assert send(sender, "+91987650001").code == "template_paused"


def test_a_reply(client: Client, sender: SenderAccount, receiver: Receiver) -> None:
    told = {"provider": "gupshup", "account": NUMBER, "from": "+919876543210", "text": "STOP"}
    client.control("inbound", told)
    until(lambda: receiver.calls)
    (reply,) = GUPSHUP.webhook.parse(receiver.calls[0][1], received_at=NOW)
    assert isinstance(reply, Reply)
    assert (reply.account_id, reply.address, reply.text) == (NUMBER, "+919876543210", "STOP")


def test_credentials(sender: SenderAccount) -> None:
    assert check_credentials(account=sender, timeout=3).kind is OutcomeKind.ACCEPTED
    revoked = replace(sender, credentials={**sender.credentials, "api_key": "revoked"})
    assert check_credentials(account=revoked, timeout=3).code == "sender_unauthorized"
    assert send(revoked, "+91987650001").code == "sender_unauthorized"
