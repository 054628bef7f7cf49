"""A provider's code means the same in an answer and in a receipt: one table rules both."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind
from channels.providers.error_rules import ErrorRule
from channels.providers.gupshup import errors as gupshup
from channels.providers.meta import errors as meta
from channels.providers.msg91 import errors as msg91
from channels.providers.registry import adapter_for
from channels.providers.twilio import errors as twilio
from channels.providers.vonage import errors as vonage
from tests.channels.providers.rules import all_rules
from tests.channels.providers.samples import response

NOW = datetime(2026, 1, 1, tzinfo=UTC)

# --- how each provider says it ------------------------------------------------------------------


def meta_answer(code: Any) -> dict[str, Any]:
    code, subcode = code if isinstance(code, tuple) else (code, None)
    return {"error": {"code": code, "error_subcode": subcode, "message": "no"}}


def meta_receipt(code: Any) -> bytes:
    status = {
        "id": "wamid.1", "status": "failed", "timestamp": "1790000000", "recipient_id": "1",
        "errors": [meta_answer(code)["error"]],
    }  # fmt: skip
    return json.dumps({"entry": [{"changes": [{"value": {"statuses": [status]}}]}]}).encode()


def twilio_answer(code: Any) -> dict[str, Any]:
    return {"code": code, "message": "no", "status": 400}


def twilio_receipt(code: Any) -> bytes:
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": code}
    return urlencode(form).encode()


def gupshup_receipt(code: Any) -> bytes:
    payload = {"id": "g1", "type": "failed", "payload": {"code": code, "reason": "no"}}
    event = {"type": "message-event", "timestamp": 1790000000000, "payload": payload}
    return json.dumps(event).encode()


def vonage_receipt(code: Any) -> bytes:
    receipt = {"messageId": "0A", "msisdn": "447700900000", "status": "failed", "err-code": code}
    return json.dumps(receipt).encode()


def msg91_receipt(code: Any) -> bytes:
    return json.dumps({"requestId": "r", "number": "919876543210", "status": code}).encode()


BOTH: dict[str, tuple[dict[Any, ErrorRule], Callable[[Any], Any], Callable[[Any], bytes]]] = {
    "meta_cloud": (
        {**meta.ERRORS, **meta.SUBCODES, 200: meta.rule_for(200)},  # type: ignore[dict-item]
        meta_answer,
        meta_receipt,
    ),
    "twilio": (dict(twilio.ERRORS), twilio_answer, twilio_receipt),
}
RECEIPTS: dict[str, tuple[dict[Any, ErrorRule], Callable[[Any], bytes]]] = {
    "meta_cloud": (BOTH["meta_cloud"][0], meta_receipt),
    "twilio": (BOTH["twilio"][0], twilio_receipt),
    "gupshup": ({**meta.ERRORS, **gupshup.ERRORS}, gupshup_receipt),
    "vonage": (dict(vonage.RECEIPTS), vonage_receipt),
    "msg91": (dict(msg91.REPORTS), msg91_receipt),
}

# --- the same -----------------------------------------------------------------------------------


def answers() -> Iterator[tuple[str, Any]]:
    return ((provider, code) for provider, (table, *_) in BOTH.items() for code in table)


def receipts() -> Iterator[tuple[str, Any]]:
    return ((provider, code) for provider, (table, _) in RECEIPTS.items() for code in table)


def receipt_of(provider: str, body: bytes) -> Receipt:
    (receipt,) = adapter_for(provider).webhook.parse(body, received_at=NOW)
    assert isinstance(receipt, Receipt)
    return receipt


def consequences(of: Outcome | Receipt) -> tuple[str, str, str, FailureCause]:
    return of.code, of.provider_code, of.message, of.cause


@pytest.mark.parametrize(("provider", "code"), answers())
def test_an_answer_and_a_receipt_have_the_same_consequences(provider: str, code: Any) -> None:
    _, answer_with, receipt_with = BOTH[provider]
    outcome = adapter_for(provider).send_outcome(response(400, answer_with(code)))
    receipt = receipt_of(provider, receipt_with(code))
    assert consequences(receipt) == consequences(outcome)
    holds = outcome.kind is OutcomeKind.LIMITED and outcome.limit_scope is LimitScope.SENDER
    assert receipt.holds_sender_for == ((outcome.retry_after or 0.0) if holds else 0.0)


@pytest.mark.parametrize(("provider", "code"), receipts())
def test_a_receipt_has_its_rows_cause(provider: str, code: Any) -> None:
    table, receipt_with = RECEIPTS[provider]
    rule, receipt = table[code], receipt_of(provider, receipt_with(code))
    assert receipt.status is ReceiptStatus.FAILED
    assert (receipt.code, receipt.cause) == (rule.code, rule.cause)
    assert receipt.opted_out is (rule.cause is FailureCause.OPT_OUT)


SPELLINGS: list[Callable[[int], object]] = [str, float, "{}.0".format]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_code_means_the_same_as_a_number_and_as_a_text(spelling: Callable[[int], object]) -> None:
    for provider, (table, answer_with, _) in BOTH.items():
        for code in (code for code in table if isinstance(code, int)):
            send_outcome = adapter_for(provider).send_outcome
            expected = send_outcome(response(400, answer_with(code)))
            assert send_outcome(response(400, answer_with(spelling(code)))) == expected
    for provider, (table, receipt_with) in RECEIPTS.items():
        for code in (code for code in table if not isinstance(code, tuple)):
            receipt = receipt_of(provider, receipt_with(code))
            assert receipt_of(provider, receipt_with(spelling(int(code)))) == receipt


@pytest.mark.parametrize(
    "errors",
    [[], None, {}, "", [None], ["text"], [{}], 0],
)
@pytest.mark.parametrize("provider", ["meta_cloud", "gupshup"])
def test_a_failure_without_a_reason_is_a_failure(provider: str, errors: Any) -> None:
    receipt = receipt_of(provider, _status_with(errors))
    assert (receipt.status, receipt.code) == (ReceiptStatus.FAILED, "delivery_failed")


@pytest.mark.parametrize(
    "errors",
    [
        [{"code": 99}, {"code": 131050}],
        [{"code": 131050}, {"code": 99}],
        [None, {"code": "131050"}],
        {"code": 131050},
    ],
)
@pytest.mark.parametrize("provider", ["meta_cloud", "gupshup"])
def test_a_known_code_decides_wherever_it_stands(provider: str, errors: Any) -> None:
    assert receipt_of(provider, _status_with(errors)).opted_out


@pytest.mark.parametrize("metadata", ["x", [], None, 7])
@pytest.mark.parametrize("provider", ["meta_cloud", "gupshup"])
def test_odd_metadata_loses_no_failure(provider: str, metadata: Any) -> None:
    call = json.loads(_status_with([{"code": 131050}]))
    call["entry"][0]["changes"][0]["value"]["metadata"] = metadata
    assert receipt_of(provider, json.dumps(call).encode()).opted_out


def _status_with(errors: object) -> bytes:
    status = {"id": "1", "status": "failed", "timestamp": "1790000000", "errors": errors}
    change = {"field": "messages", "value": {"statuses": [status]}}
    return json.dumps({"entry": [{"changes": [change]}]}).encode()


@pytest.mark.parametrize(
    ("provider", "status", "body", "code"),
    [
        ("meta_cloud", 400, {"error": {"code": 100, "error_subcode": "33"}}, "sender_refused"),
        ("meta_cloud", 200, {"error": {"code": 131049}}, "recipient_cooldown"),
        ("meta_cloud", 403, {"error": {"code": None}}, "sender_forbidden"),
        ("meta_cloud", 403, {"error": {"code": True}}, "sender_forbidden"),
        ("telegram_bot", 403, {"ok": False, "error_code": "403"}, "provider_error_unmapped"),
        (
            "telegram_bot",
            403,
            {"ok": False, "description": "Forbidden: bot was blocked by the user"},
            "opted_out",
        ),
        ("telegram_bot", 401, {"ok": False, "error_code": None}, "sender_unauthorized"),
        ("vonage", 200, {"messages": [{"status": 4}]}, "sender_unauthorized"),
        ("vonage", 200, {"messages": [{"status": 15.0}]}, "route_refused"),
        ("vonage", 200, {"messages": [{"status": None}]}, "answer_unreadable"),
        ("msg91", 200, {"type": "error", "code": 301}, "provider_billing"),
        ("msg91", 200, {"type": "error", "code": 301.0}, "provider_billing"),
        ("google_rbm", 404, {"error": {"code": 404}}, "recipient_unreachable"),
        ("google_rbm", 403, {"error": {"code": 403, "status": None}}, "route_refused"),
        ("google_rbm", 418, {"error": {}}, "provider_refused"),
        ("meta_cloud", 400, {"error": {"code": None, "message": "no"}}, "provider_error_unmapped"),
        ("twilio", 400, {"code": None, "message": "no"}, "provider_error_unmapped"),
        ("twilio", 401, {"code": None, "message": "no"}, "sender_unauthorized"),
        ("gupshup", 400, {"status": "error", "message": None}, "provider_error_unmapped"),
        ("telegram_bot", 403, {"error_code": 403, "description": "no"}, "provider_error_unmapped"),
        ("twilio", 201, {"sid": "SM1", "error_code": 30034}, "number_not_registered"),
    ],
)
def test_a_refusal_with_a_missing_or_odd_field(
    provider: str, status: int, body: dict[str, Any], code: str
) -> None:
    outcome = adapter_for(provider).send_outcome(response(status, body))
    assert outcome.code == code
    assert outcome.code != "provider_error_unmapped" or outcome.cause is not FailureCause.CONFIG


@pytest.mark.parametrize("provider", ["msg91", "gupshup"])
def test_a_refusal_with_200_is_a_refusal(provider: str) -> None:
    body = {"type": "error", "status": "error", "message": "a new reason"}
    outcome = adapter_for(provider).send_outcome(response(200, body))
    assert (outcome.kind, outcome.code) == (OutcomeKind.PERMANENT, "provider_error_unmapped")


@pytest.mark.parametrize(
    ("provider", "body", "message_id"),
    [
        ("msg91", {"type": "success", "message": 376}, "376"),
        ("twilio", {"sid": "SM1", "status": None}, "SM1"),
        ("gupshup", {"messageId": "376"}, "376"),
        ("gupshup", {"status": "submitted", "messageId": 376}, "376"),
        ("vonage", {"messages": [{"status": 0, "message-id": 376}]}, "376"),
    ],
)
def test_an_id_proves_acceptance_whatever_else_the_answer_has(
    provider: str, body: dict[str, Any], message_id: str
) -> None:
    outcome = adapter_for(provider).send_outcome(response(200, body))
    assert (outcome.kind, outcome.provider_message_id) == (OutcomeKind.ACCEPTED, message_id)


def test_a_code_of_the_configuration_is_of_no_recipient() -> None:
    """A code cannot both wait for a repair and say that the recipient is unreachable."""
    of_config = {rule.code for rule in all_rules() if rule.cause is FailureCause.CONFIG}
    others = (FailureCause.RECIPIENT, FailureCause.ROUTE, FailureCause.CAPPED)
    assert not of_config & {rule.code for rule in all_rules() if rule.cause in others}
