"""Every type of Gupshup's messages is a reply with its kind and words, in both versions."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.port.events import AddressMoved, OptChange, Reply, SamePerson
from channels.providers.gupshup.webhook import GupshupWebhook

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GS = "59f8db90-c37e-4408-90ab-cc54ef8246ad"
USER_ID = "US.13491208655302741918"


@pytest.mark.parametrize(
    ("name", "details", "kind", "text"),
    [
        ("text", {"text": "Hi"}, "text", "Hi"),
        ("image", {"url": "https://x.test/1", "caption": "STOP"}, "image", "STOP"),
        ("file", {"url": "https://x.test/1", "caption": "Bill", "name": "a"}, "document", "Bill"),
        ("audio", {"url": "https://x.test/1"}, "audio", ""),
        ("video", {"url": "https://x.test/1", "caption": "Clip"}, "video", "Clip"),
        ("sticker", {"url": "https://x.test/1"}, "sticker", ""),
        ("location", {"longitude": "2", "latitude": "1"}, "location", "1,2"),
        (
            "contact",
            {"contacts": [{"name": {"first_name": "Ana", "formatted_name": "Ana B"}}]},
            "contacts",
            "Ana B",
        ),
        ("button_reply", {"id": "b1", "title": "Yes", "reply": "Yes 1"}, "button", "Yes"),
        ("quick_reply", {"text": "No", "type": "button"}, "button", "No"),
        ("list_reply", {"id": "l1", "title": "Size M", "postbackText": "m"}, "list", "Size M"),
        ("reaction", {"emoji": "👍", "gsId": GS}, "reaction", "👍"),
        ("nfm_reply", {"response_json": '{"a": 1}'}, "form", '{"a": 1}'),
    ],
)
def test_a_message_of_every_type_is_a_reply(
    name: str, details: dict[str, Any], kind: str, text: str
) -> None:
    (reply,) = version_2("message", {"type": name, "payload": details})
    assert isinstance(reply, Reply)
    assert (reply.kind, reply.text, reply.address) == (kind, text, "+919876543210")


def test_an_options_value_is_its_postback_text_else_its_id() -> None:
    row = {"id": "list1", "title": "One", "postbackText": "row-1"}
    (listed,) = version_2("message", {"type": "list_reply", "payload": row})
    (pressed,) = version_2(
        "message", {"type": "button_reply", "payload": {"id": "b1", "title": "Yes"}}
    )
    assert (listed.payload, pressed.payload) == ("row-1", "b1")


@pytest.mark.parametrize(
    ("kind", "payload", "note"),
    [
        ("message", {"type": "hologram", "payload": {"text": "Hi"}}, "message: hologram"),
        ("message-event", {"type": "teleported"}, "status: teleported"),
        ("user-event", {"type": "opted-sideways", "phone": "91"}, "preference: opted-sideways"),
        ("weather-event", {"type": "rain"}, "call: weather-event"),
    ],
)
def test_a_value_that_nobody_knows_is_named(kind: str, payload: dict[str, Any], note: str) -> None:
    assert str(version_2(kind, payload)[-1]) == note


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("user-event", {"type": "sandbox-start", "phone": "91"}),
        ("billing-event", {"deductions": {}}),
        ("message-event", {"type": "enqueued"}),
    ],
)
def test_a_call_that_changes_nothing_is_passed_over(kind: str, payload: dict[str, Any]) -> None:
    assert version_2(kind, payload) == []


def test_a_message_without_a_time_has_the_time_of_receipt() -> None:
    payload = {"id": "w", "type": "text", "source": "919876543210", "payload": {"text": "Hi"}}
    body = json.dumps({"version": 2, "type": "message", "payload": payload}).encode()
    (reply,) = GupshupWebhook().parse(body, received_at=NOW)
    assert reply.at == NOW


def test_version_3_reads_what_meta_sends() -> None:
    base = {"id": "wamid.Y", "timestamp": "1767225600", "from": "919876543210"}
    pair, reply = version_3(
        messages=[
            base
            | {
                "from_user_id": USER_ID,
                "type": "image",
                "image": {"caption": "STOP"},
                "context": {"id": "wamid.O", "gs_id": GS},
            }
        ]
    )
    assert isinstance(pair, SamePerson)
    assert (reply.kind, reply.text, reply.in_reply_to) == ("image", "STOP", GS)
    system = {"type": "user_changed_number", "wa_id": "919876543211"}
    (moved,) = version_3(messages=[base | {"type": "system", "system": system}])
    assert moved == AddressMoved("919163805873", "+919876543210", "+919876543211", NOW)
    preference = {"wa_id": "919876543210", "category": "marketing_messages", "value": "stop"}
    (change,) = version_3(user_preferences=[preference])
    assert isinstance(change, OptChange)
    (event,) = version_3(statuses=[{"id": "w", "status": "teleported", "timestamp": "1"}])
    assert str(event) == "status: teleported"


@pytest.mark.parametrize("field", ["billing-event", "message_template_status_update", "security"])
def test_fields_about_the_account_are_left_unread(field: str) -> None:
    change = {"field": field, "value": {"event": "APPROVED"}}
    assert parsed({"entry": [{"changes": [change]}]}) == []


@pytest.mark.parametrize("payload", ["STOP", {"text": "STOP"}])
@pytest.mark.parametrize("other", [{}, {"sender": "Ana", "context": "wamid.0"}])
def test_a_part_of_another_shape_does_not_lose_the_words(
    payload: Any, other: dict[str, str]
) -> None:
    (reply,) = version_2("message", {"type": "text", "payload": payload, **other})
    assert (reply.kind, reply.text) == ("text", "STOP")


def test_a_text_whose_words_are_not_found_is_named() -> None:
    _, event = version_2("message", {"type": "text", "payload": None})
    assert str(event) == "message: text without words"


def test_an_opt_out_of_a_user_without_a_number_counts() -> None:
    (change,) = version_2("user-event", {"type": "opted-out", "user_id": USER_ID})
    assert (change.address, change.opted_out) == (USER_ID, True)


def test_a_failure_whose_reason_is_a_text_keeps_the_reason() -> None:
    (receipt,) = version_2("message-event", {"type": "failed", "payload": "Not opted in"})
    assert (receipt.status, receipt.message) == ("FAILED", "Not opted in")


def test_the_number_of_the_business_is_read_with_blanks() -> None:
    metadata = {"display_phone_number": "+91 91638 05873"}
    message = {"from": "919876543210", "id": "wamid.Y", "type": "text", "text": {"body": "Hi"}}
    (reply,) = version_3(metadata=metadata, messages=[message])
    assert reply.account_id == "919163805873"


def version_2(kind: str, payload: dict[str, Any]) -> list[Any]:
    whole = {"app": "Shop", "phone": "919163805873", "timestamp": 1767225600000, "version": 2}
    written = {"id": "wamid.1", "source": "919876543210", **payload}
    return parsed({**whole, "type": kind, "payload": written})


def version_3(**value: Any) -> list[Any]:
    metadata = {"display_phone_number": "919163805873", "phone_number_id": "1"}
    change = {"field": "messages", "value": {"metadata": metadata, **value}}
    return parsed({"entry": [{"id": "1", "changes": [change]}]})


def parsed(whole: dict[str, Any]) -> list[Any]:
    return list(GupshupWebhook().parse(json.dumps(whole).encode(), received_at=NOW))
