"""Meta's webhook calls: signature, handshake, statuses, preferences, messages."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from channels.port.events import NotUnderstood, OptChange, Receipt, ReceiptStatus, Reply
from channels.port.http_calls import WebhookSecrets
from channels.providers.meta.webhook import MetaWebhook
from channels.providers.partly_read import PartlyRead
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import MESSAGE_ID, call

SECRETS = WebhookSecrets({"app_secret": "s", "verify_token": "verify"})
AT = datetime(2023, 10, 25, 20, 49, 5, tzinfo=UTC)
WEBHOOK = MetaWebhook()
parse = partial(WEBHOOK.parse, received_at=AT)
STATUS = {"id": "wamid.1", "status": "sent", "timestamp": "1698266945", "recipient_id": "972"}


def test_recorded_signatures_are_verified() -> None:
    for case in load("vectors/meta_x_hub_signature_256.json")["cases"]:
        secrets = WebhookSecrets({"app_secret": case["app_secret"]})
        signature, body = case["X-Hub-Signature-256"], case["raw_body"].encode()
        assert WEBHOOK.verify(secrets, call(body, x_hub_signature_256=signature)) is case["valid"]
        assert WEBHOOK.verify(secrets, call(body + b" ", x_hub_signature_256=signature)) is False
        assert WEBHOOK.verify(secrets, call(body, x_hub_signature_256=signature[7:])) is False


def test_the_handshake_returns_the_challenge() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "42"}
    assert WEBHOOK.handshake(SECRETS, call(query=query)) == "42"


@pytest.mark.parametrize("wrong", [{"hub.mode": "x"}, {"hub.verify_token": "x"}])
def test_a_handshake_that_does_not_prove_itself_gets_nothing(wrong: dict[str, str]) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "42"}
    assert WEBHOOK.handshake(SECRETS, call(query=query | wrong)) is None


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("sent", 1698266945),
        ("delivered", 1698266945),
        ("read", 1689380458),
        ("failed", 1689380458),
    ],
)
def test_published_statuses(name: str, at: int) -> None:
    published = load("webhooks/meta/message_status.json")[name]
    found = parse(json.dumps(published).encode())
    (receipt,) = [event for event in found if isinstance(event, Receipt)]
    assert receipt.status == name.upper()
    assert receipt.at == datetime.fromtimestamp(at, tz=UTC)
    assert (receipt.provider_message_id, receipt.message_id) == ("wamid.xyzxyz", None)
    expected = ("recipient_experiment", "130472") if name == "failed" else ("", "")
    assert (receipt.code, receipt.provider_code) == expected


@pytest.mark.parametrize(
    ("echoed", "message_id"),
    [(str(MESSAGE_ID), MESSAGE_ID), ("somebody else's", None), ("", None), (7, None)],
)
def test_our_id_comes_back(echoed: Any, message_id: Any) -> None:
    assert receipt_of(biz_opaque_callback_data=echoed).message_id == message_id


def test_played_counts_as_read() -> None:
    assert receipt_of(status="played").status is ReceiptStatus.READ


def test_an_opt_out_is_told_from_other_failures() -> None:
    assert receipt_of(status="failed", errors=[{"code": 131050}]).opted_out is True
    assert receipt_of(status="failed", errors=[{"code": 131026}]).opted_out is False


@pytest.mark.parametrize(
    ("errors", "code", "provider_code", "message"),
    [
        (
            [{"code": 999999, "title": "New"}],
            "provider_error_unmapped", "999999", "New",
        ),
        ([], "delivery_failed", "", "Meta reported a failure without saying why."),
    ],
)  # fmt: skip
def test_a_failure_that_nobody_mapped(
    errors: list[dict[str, Any]], code: str, provider_code: str, message: str
) -> None:
    receipt = receipt_of(status="failed", errors=errors)
    assert (receipt.code, receipt.provider_code, receipt.message) == (code, provider_code, message)


def test_statuses_of_every_entry_and_change_are_read() -> None:
    change = {"value": {"statuses": [STATUS, STATUS | {"status": "delivered"}]}}
    body = {"entry": [{"changes": [change, change]}, {"changes": [change]}]}
    assert len(parse(json.dumps(body).encode())) == 6


def test_a_status_that_changes_nothing_is_passed_over() -> None:
    assert events({"statuses": [STATUS | {"status": "deleted"}]}) == []


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ({"statuses": [STATUS | {"status": "teleported"}]}, "status: teleported"),
        ({"errors": [{"code": 131000, "title": "Wrong"}]}, "error: 131000"),
        ({"parcels": [{}]}, "call: no field"),
    ],
)
def test_a_value_that_nobody_knows_changes_nothing_and_is_named(
    value: dict[str, Any], note: str
) -> None:
    (event,) = events(value)
    assert isinstance(event, NotUnderstood)
    assert str(event) == note


def test_a_change_about_the_account_is_left_unread() -> None:
    change = {"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}}
    assert parse(json.dumps({"entry": [{"changes": [change]}]}).encode()) == []


def test_old_messages_of_a_history_are_no_replies() -> None:
    message = {"from": "16505551234", "id": "wamid.2", "type": "text", "text": {"body": "STOP"}}
    change = {"field": "history", "value": {"messages": [message]}}
    assert parse(json.dumps({"entry": [{"changes": [change]}]}).encode()) == []


@pytest.mark.parametrize("time", [{}, {"timestamp": "9" * 30}, {"timestamp": None}])
def test_a_status_without_a_readable_time_has_the_time_of_receipt(time: dict[str, Any]) -> None:
    status = {name: value for name, value in STATUS.items() if name != "timestamp"} | time
    body = {"entry": [{"changes": [{"value": {"statuses": [status]}}]}]}
    received_at = datetime(2026, 1, 1, tzinfo=UTC)
    (receipt,) = WEBHOOK.parse(json.dumps(body).encode(), received_at=received_at)
    assert receipt.at == received_at


def preference(**changed: Any) -> dict[str, Any]:
    known = {
        "wa_id": "16505551234",
        "category": "marketing_messages",
        "value": "stop",
        "timestamp": 1698266945,
    }
    return {"user_preferences": [known | changed]}


@pytest.mark.parametrize(
    ("value", "opted_out"), [("stop", True), ("resume", False), ("signup", False)]
)
def test_marketing_preferences(value: str, opted_out: bool) -> None:
    assert events(preference(value=value)) == [
        OptChange(
            account_id="1122",
            address="+16505551234",
            opted_out=opted_out,
            marketing_only=True,
            at=AT,
            reason=f"whatsapp_{value}",
        )
    ]


@pytest.mark.parametrize("changed", [{"value": "snooze"}, {"category": "utility_messages"}])
def test_an_unknown_preference_is_no_opt_out(changed: dict[str, str]) -> None:
    (event,) = events(preference(**changed))
    assert isinstance(event, NotUnderstood)
    assert event.part == "preference"


def test_a_reply() -> None:
    content = {"type": "text", "text": {"body": "Hi"}}
    message = {"from": "16505551234", "id": "wamid.2", "timestamp": "1698266945"} | content
    assert events({"messages": [message | {"context": {"id": "wamid.1"}}]}) == [
        Reply(
            account_id="1122",
            address="+16505551234",
            provider_message_id="wamid.2",
            text="Hi",
            at=AT,
            in_reply_to="wamid.1",
        )
    ]


@pytest.mark.parametrize("missing", ["id", "status"])
def test_a_status_without_what_is_documented_is_a_value_error(missing: str) -> None:
    status = {key: value for key, value in STATUS.items() if key != missing}
    with pytest.raises(ValueError, match="documents"):
        events({"statuses": [status]})


@pytest.mark.parametrize(
    "bad",
    [
        {"statuses": [{"status": "sent"}]},
        {"statuses": [7]},
        {"statuses": 7},
        {"messages": [{"type": "text", "text": {"body": "Hi"}, "id": "wamid.2"}]},
        {"user_preferences": [{"category": "marketing_messages", "wa_id": "1"}]},
        {"messages": [{"type": "text", "text": {"body": "Hi"}, "from": "1"}]},
        {"messages": None},
        {"metadata": 7, "statuses": [7]},
        {"statuses": [{"status": "sent", "id": None}]},
    ],
)
def test_what_is_bad_in_a_call_takes_nothing_with_it(bad: dict[str, Any]) -> None:
    good = [{"value": {"statuses": [STATUS]}}, {"value": {"statuses": [STATUS]}}]
    entries = [{"changes": [good[0], {"value": bad}, {}, good[1]]}, 7, {"changes": good}]
    with pytest.raises(PartlyRead, match="documents") as partly_read:
        parse(json.dumps({"entry": entries}).encode())
    assert sum(isinstance(event, Receipt) for event in partly_read.value.events) == 4
    assert all(isinstance(event, Receipt) for event in partly_read.value.events)


@pytest.mark.parametrize("kind", ["payment", "call"])
def test_the_status_of_a_payment_or_a_call_is_no_receipt(kind: str) -> None:
    assert events({"statuses": [STATUS | {"status": "failed", "type": kind}]}) == []


def test_a_status_of_an_unknown_type_is_named() -> None:
    (event,) = events({"statuses": [STATUS | {"status": "failed", "type": "parcel"}]})
    assert str(event) == "status: parcel failed"


@pytest.mark.parametrize("errors", [{"code": 131026}, [{"code": "131026"}], [{"code": 131026}]])
def test_the_error_of_a_failure_is_found_in_any_shape(errors: Any) -> None:
    assert receipt_of(status="failed", errors=errors).code == "recipient_unreachable"


def test_a_missing_list_is_no_fault_and_an_unknown_one_is_named() -> None:
    value: dict[str, Any] = {
        "contacts": None,
        "messages": None,
        "statuses": [STATUS],
        "group_messages": [{}],
    }
    receipt, event = events(value)
    assert isinstance(receipt, Receipt)
    assert str(event) == "call: group_messages"


def receipt_of(**changes: Any) -> Receipt:
    (receipt,) = events({"statuses": [STATUS | changes]})
    assert isinstance(receipt, Receipt)
    return receipt


def events(value: dict[str, Any]) -> list[Any]:
    metadata = {"metadata": {"phone_number_id": "1122"}}
    return list(parse(json.dumps({"entry": [{"changes": [{"value": metadata | value}]}]}).encode()))
