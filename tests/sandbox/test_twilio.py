"""The sandbox as Twilio: the adapter sends, Twilio's own library verifies the webhook calls."""

import base64
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import pytest
from twilio.request_validator import RequestValidator

from channels.delivery.delivery import check_credentials
from channels.platforms import Platform
from channels.port.events import OptChange, Reply
from channels.port.http_calls import WebhookSecrets
from channels.port.messages import SenderAccount, TemplateContent, TextContent
from channels.port.outcomes import OutcomeKind
from channels.providers.twilio.adapter import Twilio
from sandbox.providers.twilio.validation import message_problem
from tests.sandbox.adapters import calls, events, receipts, send, sender_of, until_acknowledged
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

TWILIO = Twilio()
SID = "AC" + "a" * 32
TOKEN = "secret-token"


@pytest.fixture
def sender(client: Client, receiver: Receiver) -> SenderAccount:
    return sender_of("twilio", client, receiver)


def test_statuses_come_to_the_messages_own_callback(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    message_id = uuid4()
    sid = send(sender, "+14155230001", message_id=message_id).provider_message_id
    until_acknowledged(client, 2)
    reported = receipts(TWILIO, calls(receiver))
    assert {receipt.status for receipt in reported} == {"SENT", "DELIVERED"}
    assert {receipt.message_id for receipt in reported} == {message_id}
    assert {receipt.provider_message_id for receipt in reported} == {sid}


def test_the_books_count_the_segments_of_an_sms(client: Client, sender: SenderAccount) -> None:
    for number, text in enumerate(["Hello", "x" * 161, "я" * 135]):
        send(sender, f"+1415523000{number}", TextContent(text))
    whatsapp = replace(sender, platform=Platform.WHATSAPP)
    send(whatsapp, "+14155230009", TextContent("x" * 161))
    records = client.get("accepted")["results"]
    assert [record["segments"] for record in records] == [1, 2, 3, 1]
    assert client.get("summary")["max_segments_per_second"] == {f"twilio:{SID}": 7}


def test_twilios_own_library_accepts_the_signatures(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    send(sender, "+14155239001")
    until_acknowledged(client, 2)
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
    until_acknowledged(client, 5)
    assert client.get("summary")["final_status"] == {"delivered": 1, "read": 1}


def test_what_fails_later_says_why(
    client: Client, sender: SenderAccount, receiver: Receiver
) -> None:
    send(sender, "+14155239001")
    until_acknowledged(client, 2)
    codes = {receipt.code for receipt in receipts(TWILIO, calls(receiver))}
    assert codes == {"", "recipient_unavailable"}


def test_a_template_goes_through(client: Client, sender: SenderAccount) -> None:
    content = TemplateContent("hi", "en", provider_template_id="HX" + "b" * 32)
    assert send(sender, "+14155230001", content).kind is OutcomeKind.ACCEPTED


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
    change, reply = events(TWILIO, call)
    assert isinstance(change, OptChange)
    assert isinstance(reply, Reply)
    assert (change.address, change.opted_out, reply.text) == ("+14155550100", True, "stop")


def test_check_tells_a_good_account_from_a_bad_one(client: Client, sender: SenderAccount) -> None:
    assert check_credentials(account=sender, timeout=3).kind is OutcomeKind.ACCEPTED
    wrong = replace(sender, credentials={"account_sid": SID, "auth_token": "revoked"})
    assert check_credentials(account=wrong, timeout=3).code == "sender_unauthorized"
    client.control("accounts", {"provider": "twilio", "account": SID, "token": "another"})
    assert check_credentials(account=sender, timeout=3).code == "sender_unauthorized"


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
