"""MSG91's flow API: one request for many recipients, its answers and its reports."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.msg91.adapter import Msg91
from channels.providers.partly_read import PartlyRead
from tests.channels.providers.samples import account, registered, response, text

MSG91 = Msg91()
SENDER = account("msg91")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANA = registered(to="+919876543210", message_id=UUID(int=1), first_name="Ana", city="Pune")
BEN = registered(to="+919876543211", message_id=UUID(int=2), first_name="Ben", city="Goa")
REQUEST_ID = "3763646c3058373530393938"


def test_one_request_for_all_of_them() -> None:
    request = MSG91.group_request(SENDER, [ANA, BEN])
    assert request.url == "https://provider.test/api/v5/flow"
    assert request.headers == {"authkey": "secret-AUTHKEY"}
    assert request.json == {
        "template_id": "64f0c0ffee",
        "sender": "ACMEIN",
        "short_url": "0",
        "recipients": [
            {"mobiles": "919876543210", "CRQID": str(ANA.id), "first_name": "Ana", "city": "Pune"},
            {"mobiles": "919876543211", "CRQID": str(BEN.id), "first_name": "Ben", "city": "Goa"},
        ],
    }


@pytest.mark.parametrize("message", [text(), registered(mobiles="1"), registered(CRQID="1")])
def test_what_msg91_cannot_send_is_not_built(message: Any) -> None:
    with pytest.raises(ValueError, match=r"registered templates|field of MSG91"):
        MSG91.send_request(SENDER, message)


def test_texts_of_two_templates_do_not_share_a_request() -> None:
    assert MSG91.group_key(ANA) == MSG91.group_key(BEN)
    assert MSG91.group_key(ANA) != MSG91.group_key(text())


def test_each_recipient_has_an_id_that_its_report_will_carry() -> None:
    answer = response(200, {"type": "success", "message": REQUEST_ID})
    assert MSG91.group_outcomes(answer, [ANA, BEN]) == [
        Outcome(OutcomeKind.ACCEPTED, provider_message_id=f"{REQUEST_ID}:919876543210"),
        Outcome(OutcomeKind.ACCEPTED, provider_message_id=f"{REQUEST_ID}:919876543211"),
    ]


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, {"type": "error", "message": "Authentication failure", "code": "201"},
         OutcomeKind.PERMANENT, "sender_unauthorized"),
        (401, {"status": "fail", "message": "Unauthorized", "apiError": "207"},
         OutcomeKind.PERMANENT, "sender_unauthorized"),
        (200, {"type": "error", "message": "template id missing"},
         OutcomeKind.PERMANENT, "template_missing"),
        (200, {"type": "error", "message": "Something new"},
         OutcomeKind.PERMANENT, "provider_error_unmapped"),
        (400, {"hasError": True, "errors": "Something new"},
         OutcomeKind.PERMANENT, "provider_error_unmapped"),
        (500, {"type": "error", "message": "Something new"},
         OutcomeKind.UNKNOWN, "provider_error_unmapped"),
        (200, {"type": "error", "message": "twice", "code": "311"},
         OutcomeKind.UNKNOWN, "duplicate_request"),
        (200, {"type": "success"}, OutcomeKind.UNKNOWN, "answer_unreadable"),
        (429, {}, OutcomeKind.LIMITED, "rate_limited"),
    ],
)  # fmt: skip
def test_what_happened_to_the_request_happened_to_all(
    status: int, body: Any, kind: OutcomeKind, code: str
) -> None:
    outcomes = MSG91.group_outcomes(response(status, body), [ANA, BEN])
    assert [(outcome.kind, outcome.code) for outcome in outcomes] == [(kind, code)] * 2
    assert {outcome.provider_message_id for outcome in outcomes} == {""}


def test_the_balance_proves_the_key() -> None:
    assert MSG91.check_request(SENDER).url.startswith("https://provider.test/api/balance.php?")
    good = MSG91.check_outcome(response(200, b"1204.5"))
    assert good == Outcome(OutcomeKind.ACCEPTED, message="MSG91: balance 1204.5")
    bad = MSG91.check_outcome(response(200, {"msg": "207", "msgType": "error"}))
    assert (bad.kind, bad.cause) == (OutcomeKind.PERMANENT, FailureCause.CONFIG)


# --- reports ------------------------------------------------------------------------------------

REPORT = {
    "date": "2024-05-22 10:06:20",
    "number": "919876543210",
    "status": "1",
    "desc": "DELIVERED",
    "failedReason": "",
}


def form(*reports: Any) -> bytes:
    data = [{"senderId": "ACMEIN", "requestId": REQUEST_ID, "report": list(reports)}]
    return urlencode({"data": json.dumps(data)}).encode()


def test_a_form_of_reports() -> None:
    failed = REPORT | {"number": "919876543211", "status": "16", "desc": "REJECTED"}
    assert list(MSG91.webhook.parse(form(REPORT, failed), received_at=NOW)) == [
        Receipt(
            status=ReceiptStatus.DELIVERED,
            at=NOW,
            provider_message_id=f"{REQUEST_ID}:919876543210",
        ),
        Receipt(
            status=ReceiptStatus.FAILED,
            at=NOW,
            provider_message_id=f"{REQUEST_ID}:919876543211",
            code="delivery_rejected",
            provider_code="16",
            message="The network rejected the message.",
            cause=FailureCause.RECIPIENT,
        ),
    ]


def test_a_report_says_whose_it_is_by_our_id() -> None:
    ours = UUID(int=7)
    for echoed, expected in ((str(ours), ours), ("0", None), ("order-7", None), (0, None)):
        body = json.dumps(REPORT | {"requestId": REQUEST_ID, "CRQID": echoed}).encode()
        (receipt,) = MSG91.webhook.parse(body, received_at=NOW)
        assert isinstance(receipt, Receipt)
        assert receipt.message_id == expected


def test_a_report_as_json() -> None:
    body = json.dumps(REPORT | {"requestId": REQUEST_ID}).encode()
    (receipt,) = MSG91.webhook.parse(body, received_at=NOW)
    assert isinstance(receipt, Receipt)
    assert receipt.provider_message_id == f"{REQUEST_ID}:919876543210"


@pytest.mark.parametrize("status", ["2", "9", "16", "17", "25"])
def test_failures_say_why_and_are_no_opt_outs(status: str) -> None:
    (receipt,) = MSG91.webhook.parse(form(REPORT | {"status": status}), received_at=NOW)
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.provider_code) == (ReceiptStatus.FAILED, status)
    assert receipt.code
    assert not receipt.opted_out


@pytest.mark.parametrize("status", ["0", "5", "6", "8", 8, 8.0])
def test_a_status_on_the_way_proves_the_acceptance(status: object) -> None:
    """If the answer was lost, it saves sending the message again."""
    report = REPORT | {"status": status, "CRQID": str(ANA.id)}
    (receipt,) = MSG91.webhook.parse(form(report), received_at=NOW)
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.message_id) == (ReceiptStatus.SENT, ANA.id)


def test_a_status_that_nobody_knows_is_named() -> None:
    (event,) = MSG91.webhook.parse(form(REPORT | {"status": "77"}), received_at=NOW)
    assert str(event) == "status: 77"


@pytest.mark.parametrize("bad", [{}, 7, {"status": "1"}])
def test_a_bad_report_takes_no_other_with_it(bad: Any) -> None:
    with pytest.raises(PartlyRead) as partly_read:
        MSG91.webhook.parse(form(REPORT, bad, REPORT), received_at=NOW)
    assert len(partly_read.value.events) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'[{"data":[{"meta":"0","description":"DELIVERED"}],"event":"delivered"}]',
        b"data=%5B%5D",
        b"data=x",
        b"data=%5B1%5D",
    ],
)
def test_a_report_that_names_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        MSG91.webhook.parse(body, received_at=NOW)


def test_a_single_report_need_not_be_in_a_list() -> None:
    body = json.dumps({"requestId": REQUEST_ID, "report": REPORT}).encode()
    (receipt,) = MSG91.webhook.parse(body, received_at=NOW)
    assert isinstance(receipt, Receipt)
    assert receipt.status is ReceiptStatus.DELIVERED
