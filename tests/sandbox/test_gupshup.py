"""The sandbox as Gupshup: templates, and events whose ids change from Gupshup's to WhatsApp's."""

from dataclasses import replace

import pytest

from channels.delivery.delivery import check_credentials
from channels.port.events import Reply
from channels.port.messages import SenderAccount
from channels.port.outcomes import OutcomeKind
from channels.providers.gupshup.adapter import Gupshup
from tests.sandbox.adapters import (
    TEMPLATE,
    calls,
    events,
    receipts,
    send,
    sender_of,
    until_acknowledged,
)
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

GUPSHUP = Gupshup()
NUMBER = "919163805873"


@pytest.fixture
def sender(client: Client, receiver: Receiver) -> SenderAccount:
    target = {"provider": "gupshup", "account": NUMBER, "url": f"{receiver.url}?token=t"}
    client.control("webhooks", target)
    return sender_of("gupshup", client, receiver)


@pytest.mark.parametrize(
    ("ending", "statuses"),
    [("9019", {"SENT", "DELIVERED", "READ"}), ("9001", {"SENT", "FAILED"})],
)
def test_every_event_is_found_by_the_answers_id(
    client: Client, sender: SenderAccount, receiver: Receiver, ending: str, statuses: set[str]
) -> None:
    outcome = send(sender, f"+9198765{ending}", TEMPLATE)
    until_acknowledged(client, len(statuses))
    reported = receipts(GUPSHUP, calls(receiver))
    assert {receipt.status for receipt in reported} == statuses
    assert {receipt.provider_message_id for receipt in reported} == {outcome.provider_message_id}


def test_a_paused_template(client: Client, sender: SenderAccount) -> None:
    client.control(
        "accounts", {"provider": "gupshup", "account": NUMBER, "paused_templates": ["*"]}
    )
    assert send(sender, "+91987650001", TEMPLATE).code == "template_paused"


def test_a_reply(client: Client, sender: SenderAccount, receiver: Receiver) -> None:
    event = {"provider": "gupshup", "account": NUMBER, "from": "+919876543210", "text": "STOP"}
    client.control("inbound", event)
    until(lambda: receiver.calls)
    (call,) = calls(receiver)
    (reply,) = events(GUPSHUP, call)
    assert isinstance(reply, Reply)
    assert (reply.account_id, reply.address, reply.text) == (NUMBER, "+919876543210", "STOP")


def test_credentials(sender: SenderAccount) -> None:
    assert check_credentials(account=sender, timeout=3).kind is OutcomeKind.ACCEPTED
    revoked = replace(sender, credentials={**sender.credentials, "api_key": "revoked"})
    assert check_credentials(account=revoked, timeout=3).code == "sender_unauthorized"
    assert send(revoked, "+91987650001", TEMPLATE).code == "sender_unauthorized"
