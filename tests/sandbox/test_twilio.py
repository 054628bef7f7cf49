"""The sandbox as Twilio: sent to by the adapter, its calls verified by Twilio's own library."""

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

import pytest
from twilio.request_validator import RequestValidator

from channels.delivery.delivery import check_credentials, deliver
from channels.http import client as http
from channels.platforms import Platform
from channels.port.events import OptChange, Receipt, Reply
from channels.port.http_calls import WebhookCall, WebhookSecrets
from channels.port.messages import OutboundMessage, SenderAccount, TemplateContent, TextContent
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.twilio.adapter import Twilio
from sandbox.providers.twilio.validation import message_problem
from tests.channels.providers.samples import account
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

TWILIO = Twilio()
SID = "AC" + "a" * 32
TOKEN = "secret-token"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def sender(client: Client, receiver: Receiver) -> SenderAccount:
    return replace(account("twilio", base_url=client.base_url), webhook_url=receiver.url)


def send(
    sender: SenderAccount, to: str, message_id: UUID | None = None, *, text: str = "Hello"
) -> Outcome:
    message = OutboundMessage(id=message_id or uuid4(), to=to, content=TextContent(text))
    ((_, outcome),) = next(
        iter(deliver(account=sender, messages=[message], timeout=3, first_cut=3))
    )
    http.close()
    return outcome


@pytest.mark.parametrize(
    ("ending", "kind", "code"),
    [
        ("0001", OutcomeKind.ACCEPTED, ""),
        ("9003", OutcomeKind.PERMANENT, "recipient_unreachable"),
        ("9004", OutcomeKind.PERMANENT, "opted_out"),
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
    outcome = send(sender, f"+1415523{ending}")
    assert (outcome.kind, outcome.code) == (kind, code)


def test_statuses_come_to_the_messages_own_callback(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    message_id = uuid4()
    sid = send(sender, "+14155230001", message_id).provider_message_id
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == 2)
    receipts = [receipt_of(call) for call in calls(receiver)]
    assert {receipt.status for receipt in receipts} == {"SENT", "DELIVERED"}
    assert {receipt.message_id for receipt in receipts} == {message_id}
    assert {receipt.provider_message_id for receipt in receipts} == {sid}


def test_the_books_count_the_segments_of_an_sms(client: Client, sender: SenderAccount) -> None:
    for number, text in enumerate(["Hello", "x" * 161, "я" * 135]):
        send(sender, f"+1415523000{number}", text=text)
    send(replace(sender, platform=Platform.WHATSAPP), "+14155230009", text="x" * 161)
    booked = client.get("accepted")["results"]
    assert [record["segments"] for record in booked] == [1, 2, 3, 1]
    assert client.get("summary")["max_segments_per_second"] == {f"twilio:{SID}": 7}


def test_twilios_own_library_accepts_the_signatures(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    send(sender, "+14155239001")
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == 2)
    validator = RequestValidator(TOKEN)
    for call in calls(receiver):
        form = dict(parse_qsl(call.body.decode(), keep_blank_values=True))
        assert validator.validate(call.url, form, call.headers["x-twilio-signature"])
        assert not validator.validate(call.url + "x", form, call.headers["x-twilio-signature"])
        assert TWILIO.webhook.verify(WebhookSecrets({"auth_token": TOKEN}), call)
        assert not TWILIO.webhook.verify(WebhookSecrets({"auth_token": "other"}), call)


def test_an_sms_is_never_read_and_a_whatsapp_message_is(
    client: Client, sender: SenderAccount
) -> None:
    send(sender, "+14155239019")
    whatsapp = replace(sender, platform=Platform.WHATSAPP)
    send(whatsapp, "+14155239019")
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == 5)
    assert client.get("summary")["final_status"] == {"delivered": 1, "read": 1}


def test_what_fails_later_says_why(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    send(sender, "+14155239001")
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == 2)
    codes = {receipt_of(call).code for call in calls(receiver)}
    assert codes == {"", "recipient_unavailable"}


def test_a_template_goes_through(client: Client, sender: SenderAccount) -> None:
    content = TemplateContent("hi", "en", provider_template_id="HX" + "b" * 32)
    message = OutboundMessage(id=uuid4(), to="+14155230001", content=content)
    ((_, outcome),) = next(
        iter(deliver(account=sender, messages=[message], timeout=3, first_cut=3))
    )
    http.close()
    assert outcome.kind is OutcomeKind.ACCEPTED


def test_replies_and_keywords_come_to_the_accounts_webhook(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    target = {"provider": "twilio", "account": SID, "url": receiver.url, "secret": TOKEN}
    client.control("webhooks", target)
    event = {"provider": "twilio", "account": SID, "from": "+14155550100", "to": "+14155552345"}
    client.control("inbound", event | {"text": "stop"})
    until(lambda: receiver.calls)
    (call,) = calls(receiver)
    assert TWILIO.webhook.verify(WebhookSecrets({"auth_token": TOKEN}), call)
    change, reply = events_of(call)
    assert isinstance(change, OptChange)
    assert isinstance(reply, Reply)
    assert (change.address, change.opted_out, reply.text) == ("+14155550100", True, "stop")


def test_check_tells_a_good_account_from_a_bad_one(client: Client, sender: SenderAccount) -> None:
    assert check_credentials(account=sender, timeout=3).kind is OutcomeKind.ACCEPTED
    wrong = replace(sender, credentials={"account_sid": SID, "auth_token": "revoked"})
    assert check_credentials(account=wrong, timeout=3).code == "sender_unauthorized"
    client.control("accounts", {"provider": "twilio", "account": SID, "token": "another"})
    assert check_credentials(account=sender, timeout=3).code == "sender_unauthorized"
    http.close()


GOOD = {"To": "+14155230001", "From": "+14155552345", "Body": "Hi"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, 0),
        ({"To": ""}, 21604),
        ({"To": "4155230001"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "whatsapp:+14155552345"}, 21910),
        ({"Body": ""}, 21619),
        ({"Body": "x" * 1601}, 21617),
        ({"MediaUrl": "ftp://a.test/x"}, 21620),
        ({"ContentSid": "HX1"}, 21655),
        ({"ContentSid": "HX" + "b" * 32, "ContentVariables": "[]"}, 21656),
        ({"ContentSid": "HX" + "b" * 32, "ContentVariables": '{"1":"Ana"}'}, 0),
        ({"StatusCallback": "localhost"}, 21609),
        ({"MessagingServiceSid": "MG1"}, 21705),
        ({"Surprise": "1"}, 20001),
    ],
)
def test_forms_are_checked(client: Client, changed: dict[str, str], code: int) -> None:
    form = GOOD | changed
    assert message_problem(form) == code
    basic = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    path = f"/2010-04-01/Accounts/{SID}/Messages.json"
    status, body, _ = client.call("POST", path, urlencode(form).encode(), headers=headers)
    assert (status, body.get("code", 0)) == (400 if code else 201, code)


def calls(receiver: Receiver) -> list[WebhookCall]:
    root = receiver.url.removesuffix("/hook")
    return [made(f"{root}{headers[':path']}", headers, body) for headers, body in receiver.calls]


def made(url: str, headers: dict[str, str], body: bytes) -> WebhookCall:
    query = dict(parse_qsl(url.partition("?")[2]))
    return WebhookCall(method="POST", url=url, query=query, headers=headers, body=body)


def events_of(call: WebhookCall) -> Any:
    return TWILIO.webhook.parse(TWILIO.webhook.stored(call), received_at=NOW)


def receipt_of(call: WebhookCall) -> Receipt:
    (receipt,) = events_of(call)
    assert isinstance(receipt, Receipt)
    return receipt
