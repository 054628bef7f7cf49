"""The sandbox as MSG91: many recipients in one request, and their reports."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from channels.delivery.delivery import check_credentials, deliver
from channels.http import client as http
from channels.port.events import Receipt
from channels.port.http_calls import WebhookSecrets
from channels.port.messages import SenderAccount
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.msg91.adapter import Msg91
from tests.channels.providers.samples import account, call, registered, text
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

MSG91 = Msg91()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SENDER_ID = "ACMEIN"


@pytest.fixture
def sender(client: Client, receiver: Receiver) -> Iterator[SenderAccount]:
    url = f"{receiver.url}?token=a-token-in-the-url"
    client.control("webhooks", {"provider": "msg91", "account": SENDER_ID, "url": url})
    yield account("msg91", base_url=client.base_url)
    http.close()


def send(sender: SenderAccount, *endings: str) -> list[Outcome]:
    messages = [
        registered(to=f"+91987654{ending}", message_id=UUID(int=number), name="Ana")
        for number, ending in enumerate(endings, start=1)
    ]
    cuts = deliver(account=sender, messages=messages, timeout=3, first_cut=3)
    outcomes = {each: outcome for cut in cuts for each, outcome in cut}
    return [outcomes[message.id] for message in messages]


def accepted(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"accepted?account={SENDER_ID}")["results"]
    return found


def test_all_recipients_of_a_batch_go_in_one_request(client: Client, sender: SenderAccount) -> None:
    outcomes = send(sender, *(f"{number:04d}" for number in range(120)))
    assert {each.kind for each in outcomes} == {OutcomeKind.ACCEPTED}
    ids = {each.provider_message_id for each in outcomes}
    assert ids == {each["message_id"] for each in accepted(client)}
    assert len(ids) == 120
    # Fifty a request.
    assert len({each.partition(":")[0] for each in ids}) == 3


def test_reports_find_their_messages(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    outcomes = send(sender, "0001", "9001", "9003", "0002")
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == 4)
    receipts, ours = {}, set()
    for headers, body in receiver.calls:
        assert headers[":path"].endswith("?token=a-token-in-the-url")
        for receipt in MSG91.webhook.parse(body, received_at=NOW):
            assert isinstance(receipt, Receipt)
            receipts[receipt.provider_message_id] = receipt.status.value
            ours.add(receipt.message_id)
    assert ours == {UUID(int=number) for number in range(1, 5)}
    assert [receipts[each.provider_message_id] for each in outcomes] == [
        "DELIVERED", "FAILED", "FAILED", "DELIVERED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "kind", "taken"),
    [
        ("9005", OutcomeKind.LIMITED, 0),
        ("9009", OutcomeKind.UNKNOWN, 3),
        ("9010", OutcomeKind.UNKNOWN, 3),
        ("9011", OutcomeKind.UNKNOWN, 3),
        ("9012", OutcomeKind.UNKNOWN, 0),
        ("9008", OutcomeKind.ACCEPTED, 3),
    ],
)
def test_what_happens_to_the_request_happens_to_all(
    client: Client, sender: SenderAccount, ending: str, kind: OutcomeKind, taken: int
) -> None:
    outcomes = send(sender, "0001", ending, "0002")
    assert [each.kind for each in outcomes] == [kind] * 3
    assert len(accepted(client)) == taken


def test_one_that_cannot_be_built_does_not_stop_the_others(
    client: Client, sender: SenderAccount
) -> None:
    bad = replace(text(), id=UUID(int=9))
    named = registered(to="+919876540002", message_id=UUID(int=8), mobiles="1")
    good = registered(to="+919876540001", message_id=UUID(int=1), name="Ana")
    messages = [bad, named, good]
    (cut,) = deliver(account=sender, messages=messages, timeout=3, first_cut=3)
    kinds = {each.int: outcome.kind for each, outcome in cut}
    refused = OutcomeKind.PERMANENT
    assert kinds == {9: refused, 8: refused, 1: OutcomeKind.ACCEPTED}
    assert [each["to"] for each in accepted(client)] == ["919876540001"]


def test_the_token_in_the_address_is_asked_for() -> None:
    secrets = WebhookSecrets({"url_token": "a-token-in-the-url"})
    assert MSG91.webhook.verify(secrets, call(b"x", query={"token": "a-token-in-the-url"}))
    assert not MSG91.webhook.verify(secrets, call(b"x", query={"token": "a-token-in-the-ur"}))
    assert not MSG91.webhook.verify(
        WebhookSecrets({"url_token": "short"}), call(query={"token": "short"})
    )


def test_credentials(sender: SenderAccount) -> None:
    assert check_credentials(account=sender, timeout=3).kind is OutcomeKind.ACCEPTED
    revoked = replace(sender, credentials={"authkey": "revoked"})
    assert check_credentials(account=revoked, timeout=3).code == "sender_unauthorized"
    assert send(revoked, "0001")[0].code == "sender_unauthorized"
