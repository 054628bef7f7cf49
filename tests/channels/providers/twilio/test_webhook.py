"""Twilio's webhook calls: signature, statuses, replies, opt-outs."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from channels.platforms import Platform
from channels.port.events import (
    InboundEvent,
    NotUnderstood,
    OptChange,
    Receipt,
    ReceiptStatus,
    Reply,
    ReplyKind,
    SamePerson,
)
from channels.port.http_calls import WebhookSecrets
from channels.providers.twilio.webhook import TwilioWebhook
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import MESSAGE_ID, call

AT = datetime(2026, 1, 1, tzinfo=UTC)
WEBHOOK = TwilioWebhook()
FORM = "application/x-www-form-urlencoded; charset=utf-8"
RECEIVED = {
    "MessageSid": "SM1",
    "From": "+14155552346",
    "To": "+14155552345",
    "SmsStatus": "received",
}


def vectors() -> list[dict[str, Any]]:
    return list(load("vectors/twilio_x_twilio_signature.json")["official"])


def vector_call(case: dict[str, Any], **changed: Any) -> Any:
    is_json = "body" in case
    body = case["body"].encode() if is_json else urlencode(case["params"]).encode()
    return call(
        changed.get("body", body),
        url=changed.get("url", case["url"]),
        x_twilio_signature=changed.get("sig", case["sig"]),
        content_type="application/json" if is_json else FORM,
    )


def test_published_signatures_are_verified() -> None:
    for case in vectors():
        secrets = WebhookSecrets({"auth_token": case["token"]})
        assert WEBHOOK.verify(secrets, vector_call(case)) is case["valid"], case["name"]


@pytest.mark.parametrize(
    "changed", [{"body": b"a=1"}, {"url": "https://mycompany.com/other"}, {"sig": "x"}, {"sig": ""}]
)
def test_whatever_else_is_signed_is_refused(changed: dict[str, Any]) -> None:
    for case in vectors():
        secrets = WebhookSecrets({"auth_token": case["token"]})
        assert WEBHOOK.verify(secrets, vector_call(case, **changed)) is False, case["name"]


def test_a_json_body_without_its_hash_is_not_signed() -> None:
    url = "https://mycompany.com/x"
    digest = hmac.new(b"12345", url.encode(), hashlib.sha1).digest()
    headers: dict[str, Any] = {"x_twilio_signature": base64.b64encode(digest).decode()}
    secrets = WebhookSecrets({"auth_token": "12345"})
    assert WEBHOOK.verify(secrets, call(b"", url=url, **headers)) is True
    assert (
        WEBHOOK.verify(secrets, call(b"{}", url=url, content_type="application/json", **headers))
        is False
    )


def test_published_statuses() -> None:
    for case in load("webhooks/twilio_status_callbacks.json")["cases"]:
        (receipt,) = events(case["form"])
        assert isinstance(receipt, Receipt)
        assert receipt.status == case["expect"]
        assert receipt.provider_message_id == case["form"]["MessageSid"]
        assert receipt.at == AT


def test_our_id_comes_back_in_the_query() -> None:
    body = urlencode({"MessageSid": "SM1", "MessageStatus": "sent"}).encode()
    body_to_store = WEBHOOK.to_store(call(body, query={"broadcast_message_id": str(MESSAGE_ID)}))
    (receipt,) = WEBHOOK.parse(body_to_store, received_at=AT)
    assert receipt == Receipt(ReceiptStatus.SENT, AT, "SM1", message_id=MESSAGE_ID)
    assert WEBHOOK.to_store(call(body)) == body


def test_somebody_elses_query_is_no_id() -> None:
    body_to_store = WEBHOOK.to_store(
        call(b"MessageSid=SM1&MessageStatus=sent", query={"broadcast_message_id": "7"})
    )
    (receipt,) = WEBHOOK.parse(body_to_store, received_at=AT)
    assert receipt == Receipt(ReceiptStatus.SENT, AT, "SM1")


@pytest.mark.parametrize(
    ("code", "ours", "opted_out"),
    [
        ("30003", "recipient_unavailable", False),
        ("21610", "opted_out", True),
        ("63014", "opted_out", True),
        ("99999", "provider_error_unmapped", False),
        ("", "delivery_failed", False),
        ("x", "provider_error_unmapped", False),
    ],
)
def test_a_failure_says_why(code: str, ours: str, opted_out: bool) -> None:
    (receipt,) = events({"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": code})
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.code) == (ReceiptStatus.FAILED, ours)
    assert (receipt.provider_code, receipt.opted_out) == (code, opted_out)
    assert receipt.message


@pytest.mark.parametrize("status", ["queued", "sending", "accepted", "scheduled"])
def test_a_queued_message_is_proof_of_acceptance(status: str) -> None:
    (receipt,) = events({"MessageSid": "SM1", "MessageStatus": status})
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.provider_message_id) == (ReceiptStatus.SENT, "SM1")


@pytest.mark.parametrize(("keyword", "opted_out"), [("STOP", True), ("START", False)])
def test_a_keyword_that_twilio_acted_on(keyword: str, opted_out: bool) -> None:
    change, reply = events(RECEIVED | {"Body": keyword, "OptOutType": keyword})
    assert change == OptChange(
        "+14155552345",
        "+14155552346",
        opted_out,
        False,
        AT,
        f"twilio_{keyword.lower()}",
        Platform.SMS,
    )
    assert isinstance(reply, Reply)


def test_what_is_received_is_no_receipt_of_ours() -> None:
    (reply,) = events(RECEIVED | {"Body": "STOP", "MessageStatus": "received"})
    assert isinstance(reply, Reply)


def test_help_is_a_reply_only() -> None:
    (reply,) = events(RECEIVED | {"Body": "HELP", "OptOutType": "HELP"})
    assert isinstance(reply, Reply)


def test_a_reply_over_whatsapp() -> None:
    channel = {"From": "whatsapp:+14155552346", "To": "whatsapp:+14155552345"}
    pressed = {"ButtonText": "Yes", "ButtonPayload": "yes-1", "OriginalRepliedMessageSid": "SM0"}
    (reply,) = events(RECEIVED | channel | pressed)
    assert reply == Reply(
        "whatsapp:+14155552345", "+14155552346", "SM1", "Yes", AT,
        payload="yes-1", in_reply_to="SM0", platform=Platform.WHATSAPP, kind=ReplyKind.BUTTON,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "kind", "text"),
    [
        ({"Body": "Hi", "NumMedia": "0"}, "text", "Hi"),
        ({"Body": ""}, "text", ""),
        ({"Body": "STOP", "NumMedia": "1", "MediaContentType0": "image/jpeg"}, "image", "STOP"),
        ({"NumMedia": "2", "MediaContentType0": "video/mp4"}, "video", ""),
        ({"NumMedia": "1", "MediaContentType0": "audio/ogg; codecs=opus"}, "audio", ""),
        ({"NumMedia": "1", "MediaContentType0": "application/pdf"}, "document", ""),
        ({"NumMedia": "1", "MediaContentType0": "text/vcard"}, "contacts", ""),
        ({"NumMedia": "1", "MessageType": "sticker"}, "sticker", ""),
        (
            {"Latitude": "1.5", "Longitude": "2", "Label": "Shop", "MessageType": "location"},
            "location",
            "Shop, 1.5,2",
        ),
        ({"ListId": "r1", "ListTitle": "Size M", "MessageType": "interactive"}, "list", "Size M"),
        ({"ButtonText": "Cancel", "ButtonPayload": "appt-77"}, "button", "Cancel"),
        ({"InteractiveData": '{"a": 1}', "MessageType": "interactive"}, "form", '{"a": 1}'),
        ({"MessageType": "reaction", "Body": "👍"}, "reaction", "👍"),
    ],
)
def test_a_message_of_every_type_is_a_reply(fields: dict[str, str], kind: str, text: str) -> None:
    (reply,) = events(RECEIVED | fields)
    assert isinstance(reply, Reply)
    assert (reply.kind, reply.text) == (kind, text)


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"MessageType": "hologram", "Body": "Hi"}, "message: hologram"),
        ({"NumMedia": "1", "MediaContentType0": "model/gltf"}, "message: model/gltf"),
        ({"NumMedia": "1"}, "message: no media type"),
        ({"From": "messenger:123", "Body": "Hi"}, "channel: messenger"),
        ({"MessageStatus": "teleported"}, "status: teleported"),
        ({"OptOutType": "PAUSE", "Body": "Hi"}, "preference: PAUSE"),
    ],
)
def test_a_value_that_nobody_knows_is_named(fields: dict[str, str], note: str) -> None:
    notes = [str(event) for event in events(RECEIVED | fields) if isinstance(event, NotUnderstood)]
    assert notes == [note]


USER_ID = "US.13491208655302741918"


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"From": "whatsapp:+14155552346", "ExternalUserId": USER_ID}, "+14155552346"),
        ({"From": f"whatsapp:{USER_ID}", "ExternalUserId": USER_ID}, USER_ID),
        ({"From": "whatsapp:", "ExternalUserId": USER_ID}, USER_ID),
        ({"From": f"whatsapp:{USER_ID}", "WaId": "14155552346"}, "+14155552346"),
    ],
)
def test_a_user_is_known_by_the_number_else_by_the_user_id(
    fields: dict[str, str], address: str
) -> None:
    found = events(RECEIVED | {"Body": "Hi"} | fields)
    (reply,) = [event for event in found if isinstance(event, Reply)]
    assert (reply.address, reply.platform) == (address, Platform.WHATSAPP)


def test_a_number_and_a_user_id_in_one_call_are_one_person() -> None:
    pair = SamePerson("+14155552345", ("+14155552346", USER_ID), AT, platform=Platform.WHATSAPP)
    fields = {"From": "whatsapp:+14155552346", "ExternalUserId": USER_ID, "Body": "Hi"}
    assert events(RECEIVED | fields)[0] == pair


def test_a_status_under_its_former_name_is_read() -> None:
    (receipt,) = events({"SmsSid": "SM1", "SmsStatus": "delivered", "To": "+1", "From": "+2"})
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.provider_message_id) == (ReceiptStatus.DELIVERED, "SM1")


@pytest.mark.parametrize("address", ["", "whatsapp:", "+" + "1" * 80])
def test_an_address_that_is_no_number_is_a_value_error(address: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        events(RECEIVED | {"From": address, "Body": "Hi"})


def test_an_unknown_status_under_its_former_name_is_no_message_of_ours() -> None:
    (event,) = events({"SmsSid": "SM1", "SmsStatus": "teleported", "To": "+1", "From": "+2"})
    assert str(event) == "status: teleported"


@pytest.mark.parametrize("form", [{"SmsStatus": "teleported"}, {"From": "WhatsApp:+14155552346"}])
def test_a_message_with_an_odd_status_or_channel_keeps_its_words(form: dict[str, str]) -> None:
    (reply,) = events(RECEIVED | {"Body": "STOP"} | form)
    assert isinstance(reply, Reply)
    assert reply.text == "STOP"


def test_a_repeated_call_has_the_same_key() -> None:
    body = b"MessageSid=SM1&MessageStatus=sent"
    assert WEBHOOK.event_key(body) == WEBHOOK.event_key(body + b"&x=1") == "SM1:sent"
    assert WEBHOOK.event_key(urlencode(RECEIVED).encode()) == "SM1:received"


def events(form: dict[str, str]) -> list[InboundEvent]:
    return list(WEBHOOK.parse(urlencode(form).encode(), received_at=AT))
