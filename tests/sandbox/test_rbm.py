"""The sandbox as Google: access tokens, ignored repeats, events in Pub/Sub's envelope."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import jsonschema
import pytest

from channels.delivery import access_tokens
from channels.delivery.delivery import check_credentials
from channels.port.events import OptChange, Reply
from channels.port.http_calls import WebhookSecrets
from channels.port.messages import Media, ParameterKind, SenderAccount, TextContent
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.google_rbm.adapter import GoogleRbm
from sandbox.providers.rbm.validation import message_problem
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import service_account
from tests.sandbox.adapters import calls, events, receipts, send, sender_of, until_acknowledged
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

RBM = GoogleRbm()
AGENT = "brand_abc_agent"
SECRETS = WebhookSecrets({"client_token": "client-token"})


@pytest.fixture
def sender(client: Client, receiver: Receiver) -> SenderAccount:
    return sender_of("google_rbm", client, receiver)


@pytest.fixture
def webhook(client: Client, receiver: Receiver) -> Receiver:
    receiver.answer = lambda body: str(json.loads(body).get("secret", "")).encode()
    target = {
        "provider": "rbm", "account": AGENT, "url": receiver.url, "secret": "client-token",
    }  # fmt: skip
    client.control("webhooks", target)
    receiver.calls.clear()
    return receiver


@pytest.mark.parametrize("ending", ["9009", "9010", "9011"])
def test_a_repeated_message_id_is_ignored(
    client: Client, sender: SenderAccount, ending: str
) -> None:
    message_id, to = uuid4(), f"+1415523{ending}"
    assert send(sender, to, message_id=message_id).kind is OutcomeKind.UNKNOWN
    again = send(sender, to, message_id=message_id)
    assert again == Outcome(OutcomeKind.ACCEPTED, provider_message_id=str(message_id))
    summary = client.get("summary")
    assert (summary["accepted"], summary["duplicates"]) == (1, 0)
    assert summary["refused"]["rbm:repeated"] == 1


def test_events_are_signed_and_carry_our_id(
    client: Client, sender: SenderAccount, webhook: Receiver
) -> None:
    message_id = uuid4()
    send(sender, "+14155239019", message_id=message_id)
    until_acknowledged(client, 2)
    reported = receipts(RBM, calls(webhook))
    assert {receipt.status for receipt in reported} == {"DELIVERED", "READ"}
    assert {receipt.message_id for receipt in reported} == {message_id}
    for call in calls(webhook):
        assert RBM.webhook.verify(SECRETS, call)
        assert not RBM.webhook.verify(WebhookSecrets({"client_token": "other"}), call)


def test_what_is_not_delivered_in_time_is_revoked(
    client: Client, sender: SenderAccount, webhook: Receiver
) -> None:
    send(sender, "+14155239001")
    until(lambda: webhook.calls)
    (receipt,) = receipts(RBM, calls(webhook))
    assert receipt.code == "expired"


def test_the_set_up_has_to_be_answered_with_the_secret(client: Client, receiver: Receiver) -> None:
    target = {"provider": "rbm", "account": AGENT, "url": receiver.url, "secret": "client-token"}
    assert client.call("POST", "/_sandbox/webhooks", target)[0] == 400
    (handshake,) = calls(receiver)
    assert RBM.webhook.handshake(SECRETS, handshake) == json.loads(handshake.body)["secret"]


def test_recipients_write_and_unsubscribe(client: Client, webhook: Receiver) -> None:
    event = {"provider": "rbm", "account": AGENT, "from": "+14155550100"}
    client.control("inbound", event | {"text": "Hello"})
    until(lambda: len(webhook.calls) == 1)
    client.control("inbound", event | {"event": "user_event", "type": "UNSUBSCRIBE"})
    until(lambda: len(webhook.calls) == 2)
    (reply,), (change,) = (events(RBM, call) for call in calls(webhook))
    assert isinstance(reply, Reply)
    assert isinstance(change, OptChange)
    assert (reply.text, change.opted_out, change.account_id) == ("Hello", True, AGENT)


# --- tokens -------------------------------------------------------------------------------------


def test_one_token_serves_a_process(client: Client, sender: SenderAccount) -> None:
    assert check_credentials(account=sender, timeout=2).kind is OutcomeKind.ACCEPTED
    first = access_tokens.authorized(sender, RBM)
    assert (first.is_old, first.account.credentials["access_token"][:5]) == (True, "ya29.")
    send(sender, "+14155230001")
    assert access_tokens.authorized(sender, RBM).account == first.account


def test_a_token_that_is_refused_is_fetched_anew(client: Client, sender: SenderAccount) -> None:
    assert send(sender, "+14155230001").kind is OutcomeKind.ACCEPTED
    client.control("reset", {})  # revokes all tokens
    refused = send(sender, "+14155230001")
    assert (refused.kind, refused.code) == (OutcomeKind.PASSING, "token_expired")
    assert send(sender, "+14155230001").kind is OutcomeKind.ACCEPTED


def test_a_fresh_token_that_is_refused_is_the_senders_fault(
    client: Client, sender: SenderAccount
) -> None:
    client.control("accounts", {"provider": "rbm", "account": AGENT, "token_revoked": True})
    refused = send(sender, "+14155230001")
    assert (refused.kind, refused.code) == (OutcomeKind.PERMANENT, "sender_unauthorized")


def test_a_service_account_without_rights_gets_no_token(sender: SenderAccount) -> None:
    revoked = replace(sender, credentials={"service_account": service_account("revoked")})
    assert send(revoked, "+14155230001").code == "sender_unauthorized"


@pytest.mark.parametrize("broken", ["", "{}", "not JSON", "[]", '{"client_email": "a"}', "null"])
def test_a_broken_service_account_is_the_senders_fault(sender: SenderAccount, broken: str) -> None:
    outcome = send(replace(sender, credentials={"service_account": broken}), "+14155230001")
    assert (outcome.kind, outcome.code) == (OutcomeKind.PERMANENT, "sender_unauthorized")
    assert check_credentials(account=replace(sender, credentials={}), timeout=2) == outcome


def test_nothing_is_lost_while_there_is_no_token(sender: SenderAccount) -> None:
    nowhere = replace(sender, base_url="http://127.0.0.1:9")
    outcome = send(nowhere, "+14155230001")
    assert (outcome.kind, outcome.code) == (OutcomeKind.PASSING, "token_unavailable")


def test_a_document_goes_out(client: Client, sender: SenderAccount) -> None:
    pdf = Media(ParameterKind.DOCUMENT, "https://cdn.test/menu.pdf")
    outcome = send(sender, "+14155230001", TextContent("", media=pdf))
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert len(client.get("accepted")["results"]) == 1


# --- bodies -------------------------------------------------------------------------------------

REPLY = {"reply": {"text": "Yes", "postbackData": "y"}}


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ({"contentMessage": {"text": "Hi"}}, True),
        ({"contentMessage": {"text": "Hi"}, "ttl": "60s"}, True),
        ({"contentMessage": {"text": "Hi"}, "ttl": "60"}, False),
        ({"contentMessage": {"text": "Hi"}, "ttl": "1296000s"}, True),
        ({"contentMessage": {"text": "x" * 3073}}, False),
        ({"contentMessage": {"contentInfo": {"fileUrl": "https://a.test/a.pdf"}}}, True),
        ({"contentMessage": {"text": "Hi", "surprise": 1}}, False),
        ({"text": "Hi"}, False),
        ({"contentMessage": {"text": "Hi", "suggestions": [REPLY] * 11}}, True),
        ({"contentMessage": {"text": "Hi", "suggestions": [REPLY] * 12}}, False),
    ],
)
def test_bodies_agree_with_the_document(body: Any, valid: bool) -> None:
    spec = load("specs/google_rbm_v1.json")
    root = {"components": spec["components"], "$ref": "#/components/schemas/AgentMessageInput"}
    assert jsonschema.Draft202012Validator(root).is_valid(body) is valid
    assert (message_problem(body) == "") is valid
