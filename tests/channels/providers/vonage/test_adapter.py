"""Requests, answers, error maps and webhooks of Vonage's SMS API."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from channels.platforms import Platform
from channels.port.events import NotUnderstood, Receipt, ReceiptStatus, Reply
from channels.port.http_calls import WebhookSecrets
from channels.port.messages import SenderAccount
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.vonage.adapter import Vonage
from channels.providers.vonage.errors import RECEIPTS, STATUSES
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import (
    CALLED,
    MESSAGE_ID,
    account,
    call,
    registered,
    response,
    text,
)

VONAGE = Vonage()
WEBHOOK = VONAGE.webhook
SENDER = account("vonage")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRETS = WebhookSecrets({"signature_secret": "shared"})


def form_of(body: str = "Hi", *, sender: SenderAccount = SENDER) -> dict[str, str]:
    return dict(VONAGE.send_request(sender, text(body, to="+447700900000")).form or {})


def test_a_text() -> None:
    request = VONAGE.send_request(SENDER, text("Hi", to="+447700900000"))
    assert request.url == "https://provider.test/sms/json"
    assert request.headers == {"Authorization": "Basic YWJjZDEyMzQ6c2VjcmV0LVZPTkFHRQ=="}
    assert request.form == {
        "to": "447700900000",
        "from": "14155550100",
        "text": "Hi",
        "type": "text",
        "callback": CALLED,
        "client-ref": str(MESSAGE_ID),
    }


@pytest.mark.parametrize(
    ("body", "kind"), [("Grüße für 5 €", "text"), ("Grüße 🎉", "unicode"), ("Привет", "unicode")]
)
def test_what_gsm_cannot_say_goes_as_unicode(body: str, kind: str) -> None:
    assert form_of(body)["type"] == kind


def test_an_alphanumeric_sender() -> None:
    assert form_of(sender=replace(SENDER, account_id="Acme"))["from"] == "Acme"


@pytest.mark.parametrize("url", ["", "https://broadcast.test/" + "x" * 100])
def test_no_callback_that_vonage_would_refuse(url: str) -> None:
    assert "callback" not in form_of(sender=replace(SENDER, webhook_url=url))


def test_a_registered_text_names_its_template() -> None:
    sender = replace(SENDER, credentials={**SENDER.credentials, "entity_id": "1101"})
    form = VONAGE.send_request(sender, registered()).form or {}
    assert (form["content-id"], form["entity-id"]) == ("64f0c0ffee", "1101")
    assert form["text"] == "Hello"


# --- answers ------------------------------------------------------------------------------------


def parts(*statuses: str) -> dict[str, Any]:
    part_answers = [
        {"status": status, "message-id": f"0A{number}", "to": "447700900000"}
        if status == "0"
        else {"status": status, "error-text": "Made up"}
        for number, status in enumerate(statuses)
    ]
    return {"message-count": str(len(part_answers)), "messages": part_answers}


@pytest.mark.parametrize("statuses", [["0"], ["0", "0", "0"]])
def test_accepted_when_every_part_is(statuses: list[str]) -> None:
    outcome = VONAGE.send_outcome(response(200, parts(*statuses)))
    assert outcome == Outcome(OutcomeKind.ACCEPTED, provider_message_id="0A0")


@pytest.mark.parametrize("statuses", [["0", "1"], ["1", "0"], ["0", "0", "5"]])
def test_some_parts_taken_is_never_sent_again(statuses: list[str]) -> None:
    outcome = VONAGE.send_outcome(response(200, parts(*statuses)))
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "partly_accepted")
    assert outcome.provider_message_id.startswith("0A")
    assert outcome.provider_code == next(status for status in statuses if status != "0")


@pytest.mark.parametrize(
    ("statuses", "kind", "provider_code"),
    [
        (["3", "5"], OutcomeKind.UNKNOWN, "5"),
        (["6", "1"], OutcomeKind.LIMITED, "1"),
        (["6", "9"], OutcomeKind.PERMANENT, "9"),
    ],
)
def test_of_several_refusals_the_least_certain_decides(
    statuses: list[str], kind: OutcomeKind, provider_code: str
) -> None:
    for order in (statuses, statuses[::-1]):
        outcome = VONAGE.send_outcome(response(200, parts(*order)))
        assert (outcome.kind, outcome.provider_code) == (kind, provider_code)


def test_a_part_that_was_taken_without_an_id_is_never_sent_again() -> None:
    body = {"messages": [{"status": "0"}, {"status": "1"}]}
    assert VONAGE.send_outcome(response(200, body)).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        ("1", OutcomeKind.LIMITED, FailureCause.NONE),
        ("3", OutcomeKind.PERMANENT, FailureCause.CONTENT),
        ("4", OutcomeKind.PERMANENT, FailureCause.CONFIG),
        ("5", OutcomeKind.UNKNOWN, FailureCause.NONE),
        ("7", OutcomeKind.PERMANENT, FailureCause.RECIPIENT),
        ("9", OutcomeKind.PERMANENT, FailureCause.CONFIG),
        ("10", OutcomeKind.LIMITED, FailureCause.NONE),
    ],
)
def test_refusals_come_with_http_200(status: str, kind: OutcomeKind, cause: FailureCause) -> None:
    outcome = VONAGE.send_outcome(response(200, parts(status)))
    assert (outcome.kind, outcome.cause, outcome.provider_code) == (kind, cause, status)


def test_a_number_that_nobody_documents_is_a_refusal() -> None:
    outcome = VONAGE.send_outcome(response(200, parts("77")))
    assert (outcome.kind, outcome.code) == (OutcomeKind.PERMANENT, "provider_error_unmapped")


@pytest.mark.parametrize(
    "body", [{"messages": []}, {"messages": [{"status": "0"}]}, {"messages": [{}]}, {}]
)
def test_an_answer_without_ids_is_unknown(body: Any) -> None:
    assert VONAGE.send_outcome(response(200, body)).kind is OutcomeKind.UNKNOWN


def test_the_balance_proves_the_credentials() -> None:
    request = VONAGE.check_request(SENDER)
    assert (request.method, request.url) == ("GET", "https://provider.test/account/get-balance")
    good = VONAGE.check_outcome(response(200, {"value": 10.28, "autoReload": False}))
    assert good == Outcome(OutcomeKind.ACCEPTED, message="Vonage: balance 10.28")
    assert VONAGE.check_outcome(response(401, {})).cause is FailureCause.CONFIG


# A code that the shared table calls transient is UNKNOWN here: Vonage does not say that the
# message was not processed. A quota limits the whole account.
JUDGED = {
    "ok": None,
    "rate_limited": OutcomeKind.LIMITED,
    "transient": OutcomeKind.UNKNOWN,
    "opt_out": OutcomeKind.PERMANENT,
}


def test_every_status_that_others_have_classified_is_mapped() -> None:
    for code, judged in load("error_classes.json")["vonage_sms"].items():
        if not code.isdigit() or judged == "ok":
            continue
        expected_kind = JUDGED.get(judged.partition("(")[0], OutcomeKind.PERMANENT)
        assert STATUSES[code].kind is expected_kind, code
    assert RECEIPTS["9"].cause is FailureCause.OPT_OUT


# --- webhooks -----------------------------------------------------------------------------------

RECEIPT = {
    "msisdn": "447700900000",
    "to": "Acme",
    "network-code": "12345",
    "messageId": "0A0000001234567B",
    "price": "0.03330000",
    "status": "delivered",
    "scts": "2001011400",
    "err-code": "0",
    "api-key": "abcd1234",
    "client-ref": str(MESSAGE_ID),
    "message-timestamp": "2020-01-01 12:00:00",
    "timestamp": "1577880000",
    "nonce": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
}


def signature(fields: dict[str, str], digest: Any = hashlib.sha256, key: bytes = b"shared") -> str:
    signed_text = "".join(f"&{name}={fields[name]}" for name in sorted(fields))
    return hmac.new(key, signed_text.encode(), digest).hexdigest()


@pytest.mark.parametrize("digest", [hashlib.sha256, hashlib.sha512])
def test_signed_forms_and_json_are_verified(digest: Any) -> None:
    fields = RECEIPT | {"sig": signature(RECEIPT, digest)}
    form_call = call(urlencode(fields).encode(), content_type="application/x-www-form-urlencoded")
    json_call = call(json.dumps(fields).encode(), content_type="application/json")
    assert VONAGE.webhook.verify(SECRETS, form_call)
    assert VONAGE.webhook.verify(SECRETS, json_call)
    assert VONAGE.webhook.parse(
        VONAGE.webhook.to_store(form_call), received_at=NOW
    ) == VONAGE.webhook.parse(VONAGE.webhook.to_store(json_call), received_at=NOW)


def test_what_separates_parameters_cannot_be_smuggled_in() -> None:
    fields = RECEIPT | {"text": "a&to=b"}
    honest = {**fields, "text": "a_to_b"}
    assert VONAGE.webhook.verify(
        SECRETS, call(urlencode(fields | {"sig": signature(honest)}).encode())
    )


@pytest.mark.parametrize(
    "change",
    [{"status": "failed"}, {"client-ref": str(UUID(int=1))}, {"extra": "1"}, {"sig": "0" * 64}],
)
def test_a_changed_call_is_refused(change: dict[str, str]) -> None:
    fields = RECEIPT | {"sig": signature(RECEIPT)} | change
    assert not VONAGE.webhook.verify(SECRETS, call(urlencode(fields).encode()))


def test_weak_signatures_and_those_without_a_time_are_refused() -> None:
    weak = RECEIPT | {"sig": signature(RECEIPT, hashlib.md5)}
    assert not WEBHOOK.verify(SECRETS, call(urlencode(weak).encode()))
    timeless = {name: value for name, value in RECEIPT.items() if name != "timestamp"}
    signed = timeless | {"sig": signature(timeless)}
    assert not WEBHOOK.verify(SECRETS, call(urlencode(signed).encode()))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("accepted", ReceiptStatus.SENT),
        ("buffered", ReceiptStatus.SENT),
        ("delivered", ReceiptStatus.DELIVERED),
        ("expired", ReceiptStatus.FAILED),
        ("failed", ReceiptStatus.FAILED),
        ("rejected", ReceiptStatus.FAILED),
    ],
)
def test_receipts_carry_our_id(word: str, status: ReceiptStatus) -> None:
    (receipt,) = parse(RECEIPT | {"status": word})
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.message_id) == (status, MESSAGE_ID)
    assert receipt.provider_message_id == "0A0000001234567B"
    assert receipt.at == datetime(2020, 1, 1, 12, tzinfo=UTC)


def test_an_opt_out_at_the_network() -> None:
    (receipt,) = parse(RECEIPT | {"status": "failed", "err-code": "9"})
    assert isinstance(receipt, Receipt)
    assert (receipt.opted_out, receipt.code, receipt.provider_code) == (True, "opted_out", "9")


def test_a_code_that_nobody_has_mapped() -> None:
    (receipt,) = parse(RECEIPT | {"status": "failed", "err-code": "4711"})
    assert isinstance(receipt, Receipt)
    assert (receipt.code, receipt.provider_code) == ("provider_error_unmapped", "4711")
    assert not receipt.opted_out


def test_an_unknown_fate_is_proof_of_acceptance() -> None:
    (receipt,) = parse(RECEIPT | {"status": "unknown"})
    assert isinstance(receipt, Receipt)
    assert receipt.status is ReceiptStatus.SENT
    (unknown,) = parse(RECEIPT | {"status": "new"})
    assert isinstance(unknown, NotUnderstood)


def test_another_systems_reference_is_not_ours() -> None:
    (receipt,) = parse(RECEIPT | {"client-ref": "order-17"})
    assert isinstance(receipt, Receipt)
    assert receipt.message_id is None


def test_a_reply() -> None:
    fields = {
        "msisdn": "447700900001",
        "to": "447700900000",
        "messageId": "0A000000",
        "text": "STOP",
        "type": "text",
        "message-timestamp": "2020-01-01 12:00:00",
    }
    assert parse(fields) == [
        Reply(
            account_id="447700900000",
            address="+447700900001",
            provider_message_id="0A000000",
            text="STOP",
            at=datetime(2020, 1, 1, 12, tzinfo=UTC),
            platform=Platform.SMS,
        )
    ]


REPLY = {"msisdn": "447700900001", "to": "447700900000", "messageId": "0A000000"}


@pytest.mark.parametrize(
    ("fields", "kind", "note"),
    [
        ({"type": "unicode", "text": "Привет"}, "text", ""),
        ({"text": "Hi"}, "text", ""),
        ({"type": "text"}, "text", ""),
        ({"type": "binary", "data": "0A", "udh": "06"}, "unknown", "message: binary"),
        ({"type": "hologram", "text": "STOP"}, "unknown", "message: hologram"),
        ({}, "unknown", "message: no type"),
    ],
)
def test_a_message_of_every_type_is_a_reply(fields: dict[str, str], kind: str, note: str) -> None:
    reply, *notes = parse(REPLY | fields)
    assert (reply.kind, reply.text, reply.at) == (kind, fields.get("text", ""), NOW)
    assert [str(event) for event in notes] == ([note] if note else [])


def test_a_status_that_nobody_knows_is_named() -> None:
    (event,) = parse(RECEIPT | {"status": "teleported"})
    assert str(event) == "status: teleported"


def test_a_receipt_needs_no_number() -> None:
    fields = {name: value for name, value in RECEIPT.items() if name != "msisdn"}
    (receipt,) = parse(fields)
    assert isinstance(receipt, Receipt)


def test_a_repeated_call_is_known() -> None:
    body = json.dumps(RECEIPT).encode()
    assert WEBHOOK.event_key(body) == "0A0000001234567B:delivered"


def parse(fields: dict[str, str]) -> list[Any]:
    return list(VONAGE.webhook.parse(json.dumps(fields).encode(), received_at=NOW))
