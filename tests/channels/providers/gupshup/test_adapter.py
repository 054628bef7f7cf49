"""Requests, answers, error maps and events of Gupshup's WhatsApp API."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.port.events import OptChange, Receipt, ReceiptStatus, Reply
from channels.port.messages import (
    ButtonParameter,
    Card,
    Media,
    OutboundMessage,
    Parameter,
    ParameterKind,
    TemplateContent,
    TextContent,
)
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.gupshup.adapter import Gupshup
from channels.providers.gupshup.errors import ERRORS
from channels.providers.partly_read import PartlyRead
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import MESSAGE_ID, account, response, template, text

GUPSHUP = Gupshup()
SENDER = account("gupshup")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ID = "c6aecef6-bcb0-4fb1-8100-28c094e3bc6b"
FULL = TemplateContent(
    name="summer_sale",
    language="en_US",
    header=(Parameter("https://cdn.test/sale.jpg", kind=ParameterKind.IMAGE),),
    body=(Parameter("Ana"), Parameter("20 %")),
    buttons=(ButtonParameter(0, "abc123"),),
    provider_template_id=ID,
)


def form_of(content: Any) -> dict[str, Any]:
    form = GUPSHUP.send_request(SENDER, template(content)).form or {}
    decoded = ("template", "message")
    return {name: json.loads(value) if name in decoded else value for name, value in form.items()}


def test_a_template_with_an_image() -> None:
    request = GUPSHUP.send_request(SENDER, template(FULL))
    assert request.url == "https://provider.test/wa/api/v1/template/msg"
    assert request.headers == {"apikey": "secret-APIKEY"}
    assert form_of(FULL) == {
        "channel": "whatsapp",
        "source": "919163805873",
        "destination": "16505551234",
        "src.name": "DemoApp",
        "template": {"id": ID, "params": ["Ana", "20 %", "abc123"]},
        "message": {"type": "image", "image": {"link": "https://cdn.test/sale.jpg"}},
    }


def test_cards_go_into_the_same_row_of_parameters() -> None:
    card = Card(body=(Parameter("Shoes"),), buttons=(ButtonParameter(0, "s1"),))
    content = replace(FULL, header=(Parameter("Sale"),), cards=(card, card))
    assert form_of(content)["template"]["params"] == [
        "Sale", "Ana", "20 %", "abc123", "Shoes", "s1", "Shoes", "s1",
    ]  # fmt: skip
    assert "message" not in form_of(content)


def test_a_template_without_gupshups_id_is_not_built() -> None:
    with pytest.raises(ValueError, match=r"no Gupshup id"):
        GUPSHUP.send_request(SENDER, template(replace(FULL, provider_template_id="")))


def test_a_text_within_the_window() -> None:
    request = GUPSHUP.send_request(SENDER, text("Hi", to="+919876543210"))
    assert request.url == "https://provider.test/wa/api/v1/msg"
    message = json.loads((request.form or {})["message"])
    assert message == {"type": "text", "text": "Hi", "previewUrl": False}


def test_a_document_within_the_window() -> None:
    media = Media(ParameterKind.DOCUMENT, "https://cdn.test/a.pdf", filename="a.pdf")
    content = TextContent("Menu", media=media)
    sent = OutboundMessage(id=MESSAGE_ID, to="+1", content=content)
    form = GUPSHUP.send_request(SENDER, sent).form or {}
    assert json.loads(form["message"]) == {
        "type": "file",
        "url": "https://cdn.test/a.pdf",
        "caption": "Menu",
        "filename": "a.pdf",
    }


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 202])
def test_accepted(status: int) -> None:
    body = {"status": "submitted", "messageId": "ee4a68a0-1203-4c85-8dc3-49d0b3226a35"}
    assert GUPSHUP.send_outcome(response(status, body)) == Outcome(
        OutcomeKind.ACCEPTED, provider_message_id="ee4a68a0-1203-4c85-8dc3-49d0b3226a35"
    )


@pytest.mark.parametrize(
    ("status", "sentence", "kind", "code"),
    [
        (401, "Authentication Failed", OutcomeKind.PERMANENT, "sender_unauthorized"),
        (400, "Invalid Destination", OutcomeKind.PERMANENT, "recipient_unreachable"),
        (400, "Template did not match", OutcomeKind.PERMANENT, "template_missing"),
        (400, "Something new", OutcomeKind.PERMANENT, "provider_error_unmapped"),
        (429, "Too Many Requests", OutcomeKind.LIMITED, "rate_limited"),
        (500, "Internal Server Error", OutcomeKind.UNKNOWN, "provider_error_unmapped"),
        (500, "Too Many Requests", OutcomeKind.UNKNOWN, "provider_error_unmapped"),
    ],
)
def test_refusals_are_sentences(status: int, sentence: str, kind: OutcomeKind, code: str) -> None:
    body = {"status": "error", "message": sentence}
    outcome = GUPSHUP.send_outcome(response(status, body))
    assert (outcome.kind, outcome.code) == (kind, code)


def test_the_list_of_templates_proves_the_key() -> None:
    assert GUPSHUP.check_request(SENDER).url == "https://provider.test/wa/app/82ed52f4/template"
    good = GUPSHUP.check_outcome(response(200, {"status": "success", "templates": [{}, {}]}))
    assert good == Outcome(OutcomeKind.ACCEPTED, message="Gupshup: 2 templates")
    bad = GUPSHUP.check_outcome(
        response(401, {"status": "error", "message": "Authentication Failed"})
    )
    assert (bad.kind, bad.cause) == (OutcomeKind.PERMANENT, FailureCause.CONFIG)


JUDGED = {"transient": OutcomeKind.PASSING, "rate_limited": OutcomeKind.LIMITED}


def test_every_code_that_others_have_classified_is_mapped() -> None:
    for code, judged in load("error_classes.json")["gupshup"].items():
        if not code.isdigit():
            continue
        rule, name = ERRORS[int(code)], judged.partition("(")[0]
        assert rule.kind is JUDGED.get(name, OutcomeKind.PERMANENT), code
        assert (rule.cause is FailureCause.OPT_OUT) == (name == "opt_out"), code


# --- events of version 2 ------------------------------------------------------------------------

GS, WA = "ee4a68a0-1203-4c85-8dc3-49d0b3226a35", "gBEGkYaYVSEEAgnZxQ3JmKK6Wvg"


def event(kind: str, details: dict[str, Any], **ids: str) -> bytes:
    payload = {**ids, "type": kind, "destination": "919876543210", "payload": details}
    whole = {
        "app": "DemoApp",
        "timestamp": 1580546677791,
        "version": 2,
        "type": "message-event",
        "payload": payload,
    }
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("sent", ReceiptStatus.SENT),
        ("delivered", ReceiptStatus.DELIVERED),
        ("read", ReceiptStatus.READ),
    ],
)
def test_receipts_are_found_by_gupshups_id(kind: str, status: ReceiptStatus) -> None:
    body = event(kind, {"ts": 1585344475}, id=WA, gsId=GS)
    assert GUPSHUP.webhook.parse(body, received_at=NOW) == [
        Receipt(
            status=status,
            at=datetime(2020, 3, 27, 21, 27, 55, tzinfo=UTC),
            provider_message_id=GS,
            alias=WA,
        )
    ]


def test_after_a_week_there_is_whatsapps_id_alone() -> None:
    (receipt,) = GUPSHUP.webhook.parse(event("read", {"ts": 1585344475}, id=WA), received_at=NOW)
    assert isinstance(receipt, Receipt)
    assert (receipt.provider_message_id, receipt.alias) == (WA, "")


def test_enqueued_is_no_receipt() -> None:
    body = event("enqueued", {"whatsappMessageId": WA, "type": "session"}, id=GS)
    assert GUPSHUP.webhook.parse(body, received_at=NOW) == []


@pytest.mark.parametrize(
    ("code", "ours", "opted_out"),
    [
        (1002, "recipient_unreachable", False),
        (1012, "opted_out", True),
        (131050, "opted_out", True),
        (131026, "recipient_unreachable", False),
        (99999, "provider_error_unmapped", False),
    ],
)
def test_a_failure_has_gupshups_id_and_a_code(code: int, ours: str, opted_out: bool) -> None:
    body = event("failed", {"code": code, "reason": "Made up"}, id=GS)
    (receipt,) = GUPSHUP.webhook.parse(body, received_at=NOW)
    assert isinstance(receipt, Receipt)
    assert receipt.status is ReceiptStatus.FAILED
    assert (receipt.provider_message_id, receipt.code) == (GS, ours)
    assert (receipt.provider_code, receipt.opted_out) == (str(code), opted_out)


def test_a_reply_and_what_it_answers() -> None:
    payload = {
        "id": "ABEGkYaYVSEEAhAL3SLAWwHKeKrt6s3FKB0c",
        "source": "919876543210",
        "type": "text",
        "payload": {"text": "STOP"},
        "sender": {"phone": "919876543210", "name": "Ana"},
        "context": {"id": WA, "gsId": GS},
    }
    whole = {"app": "DemoApp", "phone": "919163805873", "timestamp": 1585344475000, "version": 2}
    body = json.dumps({**whole, "type": "message", "payload": payload}).encode()
    assert GUPSHUP.webhook.parse(body, received_at=NOW) == [
        Reply(
            account_id="919163805873",
            address="+919876543210",
            provider_message_id="ABEGkYaYVSEEAhAL3SLAWwHKeKrt6s3FKB0c",
            text="STOP",
            at=datetime(2020, 3, 27, 21, 27, 55, tzinfo=UTC),
            in_reply_to=GS,
        )
    ]


@pytest.mark.parametrize(("kind", "opted_out"), [("opted-out", True), ("opted-in", False)])
def test_opt_events(kind: str, opted_out: bool) -> None:
    whole = {"app": "DemoApp", "timestamp": 1585344475000, "version": 2, "type": "user-event"}
    body = json.dumps({**whole, "payload": {"phone": "919876543210", "type": kind}}).encode()
    (change,) = GUPSHUP.webhook.parse(body, received_at=NOW)
    assert isinstance(change, OptChange)
    assert (change.address, change.opted_out) == ("+919876543210", opted_out)


# --- version 3 ----------------------------------------------------------------------------------


def version_3(**value: Any) -> bytes:
    metadata = {"display_phone_number": "919163805873", "phone_number_id": "158072934066266"}
    change = {"field": "messages", "value": {"metadata": metadata, **value}}
    whole = {"object": "whatsapp_business_account", "gs_app_id": ID}
    return json.dumps({**whole, "entry": [{"id": "1", "changes": [change]}]}).encode()


@pytest.mark.parametrize("timestamp", [1710930461000, "1710930461", 1710930461])
def test_a_status_in_metas_shape(timestamp: Any) -> None:
    status = {"gs_id": GS, "id": "wamid.X", "status": "delivered", "timestamp": timestamp}
    assert GUPSHUP.webhook.parse(version_3(statuses=[status]), received_at=NOW) == [
        Receipt(
            status=ReceiptStatus.DELIVERED,
            at=datetime(2024, 3, 20, 10, 27, 41, tzinfo=UTC),
            provider_message_id=GS,
            alias="wamid.X",
        )
    ]


@pytest.mark.parametrize("bad", [7, {"status": "read"}, {"status": "read", "timestamp": "x"}])
def test_what_is_bad_takes_nothing_with_it(bad: Any) -> None:
    good = {"gs_id": GS, "id": "wamid.X", "status": "delivered", "timestamp": 1710930461}
    with pytest.raises(PartlyRead, match="documents") as partly_read:
        GUPSHUP.webhook.parse(
            version_3(statuses=[good, bad, good], messages=[bad]), received_at=NOW
        )
    assert [event.status for event in partly_read.value.events if isinstance(event, Receipt)] == [
        ReceiptStatus.DELIVERED
    ] * 2


def test_a_message_in_metas_shape() -> None:
    message = {"from": "919876543210", "id": "wamid.Y", "timestamp": "1710930461", "type": "text"}
    (reply,) = GUPSHUP.webhook.parse(
        version_3(messages=[message | {"text": {"body": "Hi"}}]), received_at=NOW
    )
    assert isinstance(reply, Reply)
    assert (reply.account_id, reply.text) == ("919163805873", "Hi")
