"""The sandbox as MSG91: many recipients in one request, and their reports."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from channels.delivery.delivery import check_credentials, deliver
from channels.port.http_calls import WebhookSecrets
from channels.port.messages import SenderAccount
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.msg91.adapter import Msg91
from tests.channels.providers.samples import call, registered, text
from tests.sandbox.adapters import calls, receipts, sender_of, until_acknowledged
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver

MSG91 = Msg91()
SENDER_ID = "ACMEIN"


@pytest.fixture
def sender(client: Client, receiver: Receiver) -> SenderAccount:
    url = f"{receiver.url}?token=a-token-in-the-url"
    client.control("webhooks", {"provider": "msg91", "account": SENDER_ID, "url": url})
    return sender_of("msg91", client, receiver)


def send(sender: SenderAccount, *endings: str) -> list[Outcome]:
    messages = [
        registered(to=f"+91987654{ending}", message_id=UUID(int=number), name="Ana")
        for number, ending in enumerate(endings, start=1)
    ]
    cuts = deliver(account=sender, messages=messages, timeout=3, first_cut=3)
    outcomes = {message_id: outcome for cut in cuts for message_id, outcome in cut}
    return [outcomes[message.id] for message in messages]


def accepted(client: Client) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = client.get(f"accepted?account={SENDER_ID}")["results"]
    return records


def test_all_recipients_of_a_batch_go_in_one_request(client: Client, sender: SenderAccount) -> None:
    outcomes = send(sender, *(f"{number:04d}" for number in range(120)))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    ids = {outcome.provider_message_id for outcome in outcomes}
    assert ids == {record["message_id"] for record in accepted(client)}
    assert len(ids) == 120
    # One request holds at most fifty recipients.
    assert len({message_id.partition(":")[0] for message_id in ids}) == 3


def test_reports_find_their_messages(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    outcomes = send(sender, "0001", "9001", "9003", "0002")
    until_acknowledged(client, 4)
    assert {call.query["token"] for call in calls(receiver)} == {"a-token-in-the-url"}
    reported = receipts(MSG91, calls(receiver))
    statuses = {receipt.provider_message_id: receipt.status.value for receipt in reported}
    assert {receipt.message_id for receipt in reported} == {UUID(int=n) for n in range(1, 5)}
    assert [statuses[outcome.provider_message_id] for outcome in outcomes] == [
        "DELIVERED", "FAILED", "FAILED", "DELIVERED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "kind", "accepted_count"),
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
    client: Client, sender: SenderAccount, ending: str, kind: OutcomeKind, accepted_count: int
) -> None:
    outcomes = send(sender, "0001", ending, "0002")
    assert [outcome.kind for outcome in outcomes] == [kind] * 3
    assert len(accepted(client)) == accepted_count


def test_an_invalid_message_does_not_stop_the_others(client: Client, sender: SenderAccount) -> None:
    bad = replace(text(), id=UUID(int=9))
    named = registered(to="+919876540002", message_id=UUID(int=8), mobiles="1")
    good = registered(to="+919876540001", message_id=UUID(int=1), name="Ana")
    messages = [bad, named, good]
    (cut,) = deliver(account=sender, messages=messages, timeout=3, first_cut=3)
    kinds = {message_id.int: outcome.kind for message_id, outcome in cut}
    refused = OutcomeKind.PERMANENT
    assert kinds == {9: refused, 8: refused, 1: OutcomeKind.ACCEPTED}
    assert [record["to"] for record in accepted(client)] == ["919876540001"]


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
