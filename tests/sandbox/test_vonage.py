"""The sandbox as Vonage: the adapter sends, Vonage's own library verifies the webhook calls."""

from dataclasses import replace
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
from vonage_http_client.auth import Auth

from channels.delivery.delivery import check_credentials
from channels.port.events import Reply
from channels.port.http_calls import WebhookSecrets
from channels.port.messages import SenderAccount, TextContent
from channels.port.outcomes import OutcomeKind
from channels.providers.vonage.adapter import Vonage
from tests.sandbox.adapters import calls, events, receipts, send, sender_of, until_acknowledged
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

VONAGE = Vonage()
SECRET = "secret-VONAGE"  # the API secret, which signs calls unless a signature secret is set


@pytest.fixture
def sender(client: Client, receiver: Receiver) -> SenderAccount:
    return sender_of("vonage", client, receiver)


def test_receipts_come_signed_to_the_messages_own_callback(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    message_id = uuid4()
    outcome = send(sender, "+14155230001", message_id=message_id)
    until_acknowledged(client, 2)
    auth = Auth(api_key="k", signature_secret=SECRET, signature_method="sha256")
    for call in calls(receiver):
        assert auth.check_signature(dict(parse_qsl(call.body.decode(), keep_blank_values=True)))
        assert VONAGE.webhook.verify(WebhookSecrets({"signature_secret": SECRET}), call)
        assert not VONAGE.webhook.verify(WebhookSecrets({"signature_secret": "other"}), call)
        (receipt,) = receipts(VONAGE, [call])
        assert receipt.message_id == message_id
        assert receipt.provider_message_id == outcome.provider_message_id


def test_each_part_of_a_long_text_is_reported_on(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    message_id = uuid4()
    outcome = send(sender, "+14155230001", TextContent("x" * 161), message_id=message_id)
    until_acknowledged(client, 4)
    reported = receipts(VONAGE, calls(receiver))
    first = outcome.provider_message_id
    assert {receipt.provider_message_id for receipt in reported} == {first, f"{first}-1"}
    assert {receipt.message_id for receipt in reported} == {message_id}
    assert len(client.get("accepted")["results"]) == 1


def test_what_fails_later_says_why(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    send(sender, "+14155239001")
    until_acknowledged(client, 2)
    codes = {receipt.code for receipt in receipts(VONAGE, calls(receiver))}
    assert codes == {"", "recipient_unavailable"}


@pytest.mark.parametrize("text", ["x" * 161, "ё" * 71, "x" * 1600])
def test_long_texts_are_one_message_of_several_parts(sender: SenderAccount, text: str) -> None:
    assert send(sender, "+14155230001", TextContent(text)).kind is OutcomeKind.ACCEPTED


def test_a_text_that_is_too_long_is_refused(sender: SenderAccount) -> None:
    outcome = send(sender, "+14155230001", TextContent("x" * 1601))
    assert outcome.code == "content_too_long"


def test_a_reply(client: Client, sender: SenderAccount, receiver: Receiver) -> None:
    target = {"provider": "vonage", "account": "abcd1234", "url": receiver.url, "secret": "s"}
    client.control("webhooks", target)
    event = {"provider": "vonage", "account": "abcd1234", "from": "+14155230001", "text": "STOP"}
    client.control("inbound", {**event, "to": "14155550100"})
    until(lambda: receiver.calls)
    (call,) = calls(receiver)
    assert VONAGE.webhook.verify(WebhookSecrets({"signature_secret": "s"}), call)
    (reply,) = events(VONAGE, call)
    assert isinstance(reply, Reply)
    assert (reply.account_id, reply.address, reply.text) == ("14155550100", "+14155230001", "STOP")


def test_credentials(sender: SenderAccount) -> None:
    assert check_credentials(account=sender, timeout=3).kind is OutcomeKind.ACCEPTED
    revoked = replace(sender, credentials={"api_key": "k", "api_secret": "revoked"})
    assert check_credentials(account=revoked, timeout=3).code == "sender_unauthorized"
    assert send(revoked, "+14155230001").code == "sender_unauthorized"
