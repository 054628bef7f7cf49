"""The sandbox as Google: a token first, repeats ignored, events in Pub/Sub's envelope."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import jsonschema
import pytest

from channels.delivery import access_tokens
from channels.delivery.delivery import check_credentials, deliver
from channels.http import client as http
from channels.port.events import OptChange, Receipt, Reply
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.messages import Media, OutboundMessage, ParameterKind, SenderAccount, TextContent
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.google_rbm.adapter import GoogleRbm
from sandbox.providers.rbm.validation import message_problem
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import account, service_account
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

RBM = GoogleRbm()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGENT = "brand_abc_agent"
SECRETS = WebhookSecrets({"client_token": "client-token"})


@pytest.fixture(scope="session")
def key() -> str:
    return service_account()


@pytest.fixture
def sender(client: Client, key: str) -> Iterator[SenderAccount]:
    credentials = {"service_account": key}
    yield replace(account("google_rbm", base_url=client.base_url), credentials=credentials)
    http.close()
    access_tokens._holders.cache_clear()


@pytest.fixture
def webhook(client: Client, receiver: Receiver) -> Receiver:
    receiver.answer = lambda body: str(json.loads(body).get("secret", "")).encode()
    target = {
        "provider": "rbm", "account": AGENT, "url": receiver.url, "secret": "client-token",
    }  # fmt: skip
    client.control("webhooks", target)
    receiver.calls.clear()
    return receiver


def send(sender: SenderAccount, to: str, message_id: UUID | None = None) -> Outcome:
    message = OutboundMessage(id=message_id or uuid4(), to=to, content=TextContent("Hello"))
    ((_, outcome),) = next(
        iter(deliver(account=sender, messages=[message], timeout=2, first_cut=2))
    )
    return outcome


@pytest.mark.parametrize(
    ("ending", "kind", "code"),
    [
        ("0001", OutcomeKind.ACCEPTED, ""),
        ("9003", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("9004", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("9005", OutcomeKind.UNKNOWN, "provider_unavailable"),
        ("9006", OutcomeKind.LIMITED, "rate_limited"),
        ("9010", OutcomeKind.UNKNOWN, "provider_unavailable"),
        ("9011", OutcomeKind.UNKNOWN, "connection_lost"),
    ],
)
def test_recipients_that_misbehave(
    sender: SenderAccount, ending: str, kind: OutcomeKind, code: str
) -> None:
    outcome = send(sender, f"+1415523{ending}")
    assert (outcome.kind, outcome.code) == (kind, code)


@pytest.mark.parametrize("ending", ["9009", "9010", "9011"])
def test_a_repeated_message_id_is_ignored(
    client: Client, sender: SenderAccount, ending: str
) -> None:
    message_id, to = uuid4(), f"+1415523{ending}"
    assert send(sender, to, message_id).kind is OutcomeKind.UNKNOWN
    again = send(sender, to, message_id)
    assert again == Outcome(OutcomeKind.ACCEPTED, provider_message_id=str(message_id))
    summary = client.get("summary")
    assert (summary["accepted"], summary["duplicates"]) == (1, 0)
    assert summary["refused"]["rbm:repeated"] == 1


def test_events_are_signed_and_carry_our_id(
    client: Client, sender: SenderAccount, webhook: Receiver
) -> None:
    message_id = uuid4()
    send(sender, "+14155239019", message_id)
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == 2)
    receipts = [event_of(call) for call in calls(webhook)]
    assert {receipt.status for receipt in receipts} == {"DELIVERED", "READ"}
    assert {receipt.message_id for receipt in receipts} == {message_id}
    for call in calls(webhook):
        assert RBM.webhook.verify(SECRETS, call)
        assert not RBM.webhook.verify(WebhookSecrets({"client_token": "other"}), call)


def test_what_is_not_delivered_in_time_is_revoked(
    client: Client, sender: SenderAccount, webhook: Receiver
) -> None:
    send(sender, "+14155239001")
    until(lambda: webhook.calls)
    (call,) = calls(webhook)
    assert event_of(call).code == "expired"


def test_the_set_up_has_to_be_answered_with_the_secret(client: Client, receiver: Receiver) -> None:
    target = {"provider": "rbm", "account": AGENT, "url": receiver.url, "secret": "client-token"}
    assert client.call("POST", "/_sandbox/webhooks", target)[0] == 400
    headers, body = receiver.calls[0]
    asked = WebhookCall(method="POST", url=receiver.url, query={}, headers=headers, body=body)
    assert RBM.webhook.handshake(SECRETS, asked) == json.loads(body)["secret"]


def test_recipients_write_and_unsubscribe(client: Client, webhook: Receiver) -> None:
    event = {"provider": "rbm", "account": AGENT, "from": "+14155550100"}
    client.control("inbound", event | {"text": "Hello"})
    until(lambda: len(webhook.calls) == 1)
    client.control("inbound", event | {"event": "user_event", "type": "UNSUBSCRIBE"})
    until(lambda: len(webhook.calls) == 2)
    (reply,), (change,) = (RBM.webhook.parse(body, received_at=NOW) for _, body in webhook.calls)
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
    client.control("reset", {})  # takes all tokens back
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


@pytest.mark.parametrize("given", ["", "{}", "not JSON", "[]", '{"client_email": "a"}', "null"])
def test_what_is_no_service_account_is_the_senders_fault(sender: SenderAccount, given: str) -> None:
    outcome = send(replace(sender, credentials={"service_account": given}), "+14155230001")
    assert (outcome.kind, outcome.code) == (OutcomeKind.PERMANENT, "sender_unauthorized")
    assert check_credentials(account=replace(sender, credentials={}), timeout=2) == outcome


def test_nothing_is_lost_while_there_is_no_token(sender: SenderAccount) -> None:
    nowhere = replace(sender, base_url="http://127.0.0.1:9")
    outcome = send(nowhere, "+14155230001")
    assert (outcome.kind, outcome.code) == (OutcomeKind.PASSING, "token_unavailable")


def test_a_document_goes_out(client: Client, sender: SenderAccount) -> None:
    pdf = Media(ParameterKind.DOCUMENT, "https://cdn.test/menu.pdf")
    message = OutboundMessage(id=uuid4(), to="+14155230001", content=TextContent("", media=pdf))
    (cut,) = deliver(account=sender, messages=[message], timeout=3, first_cut=3)
    assert [outcome.kind for _, outcome in cut] == [OutcomeKind.ACCEPTED]
    assert len(client.get("accepted")["results"]) == 1


# --- bodies -------------------------------------------------------------------------------------

REPLY = {"reply": {"text": "Yes", "postbackData": "y"}}


@pytest.mark.parametrize(
    ("body", "right"),
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
def test_bodies_agree_with_the_document(body: Any, right: bool) -> None:
    spec = load("specs/google_rbm_v1.json")
    root = {"components": spec["components"], "$ref": "#/components/schemas/AgentMessageInput"}
    assert jsonschema.Draft202012Validator(root).is_valid(body) is right
    assert (message_problem(body) == "") is right


def calls(receiver: Receiver) -> list[WebhookCall]:
    return [
        WebhookCall(method="POST", url=receiver.url, query={}, headers=headers, body=body)
        for headers, body in receiver.calls
    ]


def event_of(call: WebhookCall) -> Receipt:
    (receipt,) = RBM.webhook.parse(call.body, received_at=NOW)
    assert isinstance(receipt, Receipt)
    return receipt
