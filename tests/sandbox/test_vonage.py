"""The sandbox as Vonage: sent to by the adapter, its calls verified by Vonage's own library."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import pytest
from vonage_http_client.auth import Auth

from channels.delivery.delivery import check_credentials, deliver
from channels.http import client as http
from channels.port.events import Receipt, Reply
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.messages import OutboundMessage, SenderAccount, TextContent
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.vonage.adapter import Vonage
from tests.channels.providers.samples import account, call
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

VONAGE = Vonage()
SECRET = "secret-VONAGE"  # the API's, which signs where nothing else is set
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def sender(client: Client, receiver: Receiver) -> Iterator[SenderAccount]:
    yield replace(account("vonage", base_url=client.base_url), webhook_url=receiver.url)
    http.close()


def send(
    sender: SenderAccount, to: str, message_id: UUID | None = None, text: str = "Hello"
) -> Outcome:
    message = OutboundMessage(id=message_id or uuid4(), to=to, content=TextContent(text))
    ((_, outcome),) = next(
        iter(deliver(account=sender, messages=[message], timeout=3, first_cut=3))
    )
    return outcome


def calls(receiver: Receiver) -> list[WebhookCall]:
    return [call(body, content_type=headers["content-type"]) for headers, body in receiver.calls]


@pytest.mark.parametrize(
    ("ending", "kind", "code"),
    [
        ("0001", OutcomeKind.ACCEPTED, ""),
        ("9003", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("9004", OutcomeKind.PERMANENT, "recipient_blocked"),
        ("9005", OutcomeKind.LIMITED, "rate_limited"),
        ("9006", OutcomeKind.LIMITED, "rate_limited"),
        ("9010", OutcomeKind.UNKNOWN, "provider_unavailable"),
        ("9011", OutcomeKind.UNKNOWN, "connection_lost"),
        ("9012", OutcomeKind.UNKNOWN, "connection_lost"),
    ],
)
def test_recipients_that_misbehave(
    sender: SenderAccount, ending: str, kind: OutcomeKind, code: str
) -> None:
    outcome = send(sender, f"+1415523{ending}")
    assert (outcome.kind, outcome.code) == (kind, code)


def test_receipts_come_signed_to_the_messages_own_callback(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    message_id = uuid4()
    outcome = send(sender, "+14155230001", message_id)
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == 2)
    auth = Auth(api_key="k", signature_secret=SECRET, signature_method="sha256")
    for each in calls(receiver):
        assert auth.check_signature(dict(parse_qsl(each.body.decode(), keep_blank_values=True)))
        assert VONAGE.webhook.verify(WebhookSecrets({"signature_secret": SECRET}), each)
        assert not VONAGE.webhook.verify(WebhookSecrets({"signature_secret": "other"}), each)
        (receipt,) = VONAGE.webhook.parse(VONAGE.webhook.stored(each), received_at=NOW)
        assert isinstance(receipt, Receipt)
        assert receipt.message_id == message_id
        assert receipt.provider_message_id == outcome.provider_message_id


def test_each_part_of_a_long_text_is_reported_on(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    message_id = uuid4()
    outcome = send(sender, "+14155230001", message_id, text="x" * 161)
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == 4)
    told = [
        event
        for each in calls(receiver)
        for event in VONAGE.webhook.parse(VONAGE.webhook.stored(each), received_at=NOW)
        if isinstance(event, Receipt)
    ]
    first = outcome.provider_message_id
    assert {each.provider_message_id for each in told} == {first, f"{first}-1"}
    assert {each.message_id for each in told} == {message_id}
    assert len(client.get("accepted")["results"]) == 1


def test_what_fails_later_says_why(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    send(sender, "+14155239001")
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == 2)
    codes = {
        event.code
        for each in calls(receiver)
        for event in VONAGE.webhook.parse(VONAGE.webhook.stored(each), received_at=NOW)
        if isinstance(event, Receipt)
    }
    assert codes == {"", "recipient_unavailable"}


@pytest.mark.parametrize("text", ["x" * 161, "ё" * 71, "x" * 1600])
def test_long_texts_are_one_message_of_several_parts(sender: SenderAccount, text: str) -> None:
    assert send(sender, "+14155230001", text=text).kind is OutcomeKind.ACCEPTED


def test_a_text_that_is_too_long_is_refused(sender: SenderAccount) -> None:
    assert send(sender, "+14155230001", text="x" * 1601).code == "content_too_long"


def test_a_reply(client: Client, sender: SenderAccount, receiver: Receiver) -> None:
    target = {"provider": "vonage", "account": "abcd1234", "url": receiver.url, "secret": "s"}
    client.control("webhooks", target)
    told = {"provider": "vonage", "account": "abcd1234", "from": "+14155230001", "text": "STOP"}
    client.control("inbound", {**told, "to": "14155550100"})
    until(lambda: receiver.calls)
    (each,) = calls(receiver)
    assert VONAGE.webhook.verify(WebhookSecrets({"signature_secret": "s"}), each)
    (reply,) = VONAGE.webhook.parse(VONAGE.webhook.stored(each), received_at=NOW)
    assert isinstance(reply, Reply)
    assert (reply.account_id, reply.address, reply.text) == ("14155550100", "+14155230001", "STOP")


def test_credentials(sender: SenderAccount) -> None:
    assert check_credentials(account=sender, timeout=3).kind is OutcomeKind.ACCEPTED
    revoked = replace(sender, credentials={"api_key": "k", "api_secret": "revoked"})
    assert check_credentials(account=revoked, timeout=3).code == "provider_refused"
    assert send(revoked, "+14155230001").code == "sender_unauthorized"
