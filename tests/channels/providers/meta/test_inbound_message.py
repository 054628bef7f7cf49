"""Every type of message is a reply with its kind and words; a message in a group is told apart."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.port.events import NotUnderstood, Reply
from channels.providers.meta.webhook import MetaWebhook

AT = datetime(2026, 1, 1, tzinfo=UTC)
BASE = {"from": "491701234567", "id": "wamid.I", "timestamp": "1767225600"}
FORM = '{"size": "M", "flow_token": "t"}'


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"text": {"body": "Hi"}}, "text", "Hi"),
        ({"button": {"text": "Yes", "payload": "y-1"}}, "button", "Yes"),
        ({"image": {"id": "1", "caption": "STOP"}}, "image", "STOP"),
        ({"image": {"id": "1"}}, "image", ""),
        ({"video": {"id": "1", "caption": "See"}}, "video", "See"),
        ({"document": {"id": "1", "filename": "a.pdf", "caption": "Bill"}}, "document", "Bill"),
        ({"audio": {"id": "1", "voice": True}}, "voice", ""),
        ({"audio": {"id": "1", "voice": False}}, "audio", ""),
        ({"sticker": {"id": "1", "animated": False}}, "sticker", ""),
        ({"location": {"latitude": 52.5, "longitude": 13.4}}, "location", "52.5,13.4"),
        (
            {"location": {"latitude": 1, "longitude": 2, "name": "Shop", "address": "Main St"}},
            "location",
            "Shop, Main St, 1,2",
        ),
        (
            {"contacts": [{"name": {"formatted_name": "Ana B"}, "phones": [{"phone": "+1 2"}]}]},
            "contacts",
            "Ana B +1 2",
        ),
        ({"reaction": {"message_id": "wamid.O", "emoji": "👍"}}, "reaction", "👍"),
        ({"reaction": {"message_id": "wamid.O"}}, "reaction", ""),
        (
            {"order": {"product_items": [{"product_retailer_id": "sku1", "quantity": 2}]}},
            "order",
            "2 x sku1",
        ),
        ({"order": {"text": "Please by Friday", "product_items": []}}, "order", "Please by Friday"),
        (
            {"interactive": {"type": "button_reply", "button_reply": {"id": "b", "title": "No"}}},
            "button",
            "No",
        ),
        (
            {"interactive": {"type": "list_reply", "list_reply": {"id": "r", "title": "Size M"}}},
            "list",
            "Size M",
        ),
        ({"interactive": {"list_reply": {"id": "r", "title": "Size M"}}}, "list", "Size M"),
        (
            {"interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": FORM}}},
            "form",
            FORM,
        ),
        (
            {"interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": {"size": "Ü"}}}},
            "form",
            '{"size": "Ü"}',
        ),
        (
            {"interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": "[1"}}},
            "form",
            "[1",
        ),
        ({"interactive": {"type": "nfm_reply", "nfm_reply": {"body": "Sent"}}}, "form", "Sent"),
        (
            {
                "edit": {
                    "original_message_id": "wamid.A",
                    "message": {"type": "text", "text": {"body": "STOP"}},
                }
            },
            "text",
            "STOP",
        ),
        ({"revoke": {"original_message_id": "wamid.A"}}, "revoked", ""),
    ],
)
def test_a_message_of_every_type_is_a_reply(content: dict[str, Any], kind: str, text: str) -> None:
    name = next(iter(content))
    for message in (content | {"type": name}, content):  # also if the call leaves out the type
        (reply,) = events(message)
        assert isinstance(reply, Reply)
        assert (reply.kind, reply.text, reply.address) == (kind, text, "+491701234567")
        assert reply.group_id == ""


@pytest.mark.parametrize(
    ("content", "text", "note"),
    [
        ({"type": "hologram", "hologram": {"caption": "STOP"}}, "STOP", "message: hologram"),
        ({"type": "unsupported", "errors": [{"code": 131051}]}, "", "message: unsupported"),
        (
            {"type": "interactive", "interactive": {"type": "poll", "poll": {"title": "Red"}}},
            "Red",
            "message: interactive poll",
        ),
        ({}, "", "message: no type"),
    ],
)
def test_an_unknown_type_is_kept_with_its_words_and_named(
    content: dict[str, Any], text: str, note: str
) -> None:
    reply, event = events(content)
    assert isinstance(reply, Reply)
    assert (reply.kind, reply.text) == ("unknown", text)
    assert isinstance(event, NotUnderstood)
    assert str(event) == note


def test_an_options_value_comes_with_its_title() -> None:
    (pressed,) = events({"type": "button", "button": {"text": "Cancel", "payload": "appt-77"}})
    row = {"type": "list_reply", "list_reply": {"id": "row-1", "title": "One"}}
    (listed,) = events({"type": "interactive", "interactive": row})
    assert (pressed.payload, listed.payload) == ("appt-77", "row-1")


def test_a_reaction_answers_the_message_that_it_stands_on() -> None:
    (reply,) = events({"type": "reaction", "reaction": {"message_id": "wamid.O", "emoji": "👍"}})
    assert reply.in_reply_to == "wamid.O"


def test_a_message_in_a_group_names_the_group() -> None:
    (reply,) = events({"type": "text", "text": {"body": "STOP"}, "group_id": "Y2FwaV9"})
    assert (reply.address, reply.group_id) == ("+491701234567", "Y2FwaV9")


def test_a_users_call_is_a_reply() -> None:
    call = {"id": "wacid.1", "from": "491701234567", "event": "connect", "timestamp": "1767225600"}
    (reply,) = parsed({"calls": [call, call | {"event": "terminate"}]})
    assert (reply.kind, reply.provider_message_id) == ("call", "wacid.1")


@pytest.mark.parametrize("text", [None, {}, {"body": 5}, {"message": "STOP"}])
def test_a_text_whose_words_are_not_found_is_named(text: Any) -> None:
    reply, event = events({"type": "text", "text": text})
    assert isinstance(reply, Reply)
    assert reply.kind == "unknown"
    assert str(event) == "message: text without words"


@pytest.mark.parametrize(
    "content",
    [
        {"type": "text", "text": "STOP"},
        {"type": "TEXT", "text": {"body": "STOP"}},
        {"type": "text", "text": {"body": "STOP"}, "context": "wamid.O"},
    ],
)
def test_a_part_of_another_shape_does_not_lose_the_words(content: dict[str, Any]) -> None:
    (reply,) = events(content)
    assert (reply.kind, reply.text) == ("text", "STOP")


def test_a_call_event_that_nobody_knows_is_named() -> None:
    (event,) = parsed({"calls": [{"id": "wacid.1", "from": "491701234567", "event": "missed"}]})
    assert str(event) == "status: call missed"


def events(content: dict[str, Any]) -> list[Any]:
    return parsed({"messages": [BASE | content]})


def parsed(value: dict[str, Any]) -> list[Any]:
    change = {"field": "messages", "value": {"metadata": {"phone_number_id": "1"}} | value}
    body = json.dumps({"entry": [{"id": "1", "changes": [change]}]}).encode()
    return list(MetaWebhook().parse(body, received_at=AT))
