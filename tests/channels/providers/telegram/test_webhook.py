"""Updates of the Telegram Bot API: pressed buttons, commands, replies, blocked bots."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.port.events import AddressMoved, OptChange, Reply, ReplyKind
from channels.providers.telegram.adapter import (
    TelegramBot,
)
from tests.channels.providers.samples import account

BOT = TelegramBot()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def pressed(**changed: Any) -> dict[str, Any]:
    keyboard = {"inline_keyboard": [[{"text": "Yes!", "callback_data": "yes"}]]}
    message = {"message_id": 5, "chat": {"id": 42}, "date": 1700000000, "reply_markup": keyboard}
    return {"id": "77", "from": {"id": 42}, "data": "yes", "message": message} | changed


def test_a_pressed_button_is_a_reply_in_its_words() -> None:
    (event,) = events(callback_query=pressed())
    assert event == Reply(
        "",
        "42",
        "42:pressed:77",
        "Yes!",
        NOW,
        payload="yes",
        in_reply_to="42:5",
        acknowledge="77",
        kind=ReplyKind.BUTTON,
    )


def test_a_button_under_an_old_message_is_known_by_its_value() -> None:
    old = {"message_id": 5, "chat": {"id": 42}, "date": 0}
    (event,) = events(callback_query=pressed(message=old))
    assert isinstance(event, Reply)
    assert (event.text, event.in_reply_to) == ("yes", "42:5")


@pytest.mark.parametrize(
    ("changed", "text", "in_reply_to"),
    [
        ({"message": None, "inline_message_id": "i"}, "yes", ""),
        ({"data": None, "game_short_name": "chess"}, "chess", "42:5"),
        ({"data": ""}, "", "42:5"),
    ],
)
def test_a_press_without_a_message_or_a_value_is_a_reply_too(
    changed: dict[str, Any], text: str, in_reply_to: str
) -> None:
    (event,) = events(callback_query=pressed(**changed))
    assert isinstance(event, Reply)
    assert (event.address, event.text, event.in_reply_to) == ("42", text, in_reply_to)


def test_a_press_is_acknowledged_without_a_word() -> None:
    request = BOT.acknowledge_request(account("telegram_bot"), "77")
    assert request.url == "https://provider.test/bot123456:secret-TOKEN/answerCallbackQuery"
    assert request.json == {"callback_query_id": "77"}


def test_an_update_is_known_by_its_id() -> None:
    assert BOT.webhook.event_key(b'{"update_id": 99}') == "99"


@pytest.mark.parametrize(("status", "opted_out"), [("kicked", True), ("member", False)])
def test_blocking_and_unblocking(status: str, opted_out: bool) -> None:
    assert events(my_chat_member=member(status)) == [
        OptChange(
            account_id="123456",
            address="42",
            opted_out=opted_out,
            marketing_only=False,
            at=AT,
            reason=f"telegram_{status}",
        )
    ]


def test_groups_and_other_statuses_are_passed_over() -> None:
    assert events(my_chat_member=member("kicked", chat_type="group")) == []
    assert events(my_chat_member=member("administrator")) == []


def test_a_members_unknown_status_and_an_unknown_update_are_named() -> None:
    assert str(events(my_chat_member=member("hibernating"))[0]) == "preference: hibernating"
    assert str(events(poll_answer={"poll_id": "1"})[0]) == "call: poll_answer"


@pytest.mark.parametrize("words", ["/stop", "/stop@demo_bot", "/STOP please", "/stop\nthanks"])
def test_stop_opts_out(words: str) -> None:
    assert events(message=message(words)) == [command("stop", opted_out=True), reply(words)]


def test_start_opts_in_and_hands_on_its_payload() -> None:
    assert events(message=message("/start c-123")) == [
        command("start", opted_out=False),
        reply("/start c-123", payload="c-123"),
    ]


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
@pytest.mark.parametrize("words", ["/start@demo_bot c-123", "/stop", "STOP"])
def test_a_message_in_a_group_is_no_private_message(words: str, kind: str) -> None:
    group_message = message(words) | {"chat": {"id": -100, "type": kind}, "from": {"id": 42}}
    (event,) = events(message=group_message)
    assert event == replace(
        reply(words), provider_message_id="-100:7", group_id="-100", address="42"
    )


def test_a_message_whose_writer_is_hidden_has_the_groups_address() -> None:
    (event,) = events(channel_post=message("Hi") | {"chat": {"id": -100, "type": "channel"}})
    assert (event.address, event.group_id) == ("-100", "-100")


def test_a_chat_that_migrates_moves_its_address() -> None:
    group = message("") | {"chat": {"id": -5, "type": "group"}, "migrate_to_chat_id": -1005}
    assert events(message=group) == [AddressMoved("", "-5", "-1005", AT)]
    new = message("") | {"chat": {"id": -1005, "type": "supergroup"}, "migrate_from_chat_id": -5}
    assert events(message=new) == [AddressMoved("", "-5", "-1005", AT)]


def test_a_reply() -> None:
    quoting_message = message("Hello") | {"reply_to_message": {"message_id": 5}}
    assert events(message=quoting_message) == [reply("Hello", in_reply_to="42:5")]


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"photo": [{"file_id": "1"}], "caption": "Look"}, "image", "Look"),
        ({"photo": []}, "image", ""),
        ({"animation": {}, "document": {}}, "video", ""),
        ({"video": {}, "caption": "Clip"}, "video", "Clip"),
        ({"video_note": {}}, "video", ""),
        ({"voice": {}}, "voice", ""),
        ({"audio": {}, "caption": "Song"}, "audio", "Song"),
        ({"document": {"file_name": "a.pdf"}, "caption": "Bill"}, "document", "Bill"),
        ({"sticker": {"emoji": "👍"}}, "sticker", "👍"),
        ({"location": {"latitude": 1, "longitude": 2}}, "location", "1,2"),
        (
            {"venue": {"title": "Shop", "address": "Main St"}, "location": {}},
            "location",
            "Shop, Main St",
        ),
        ({"contact": {"first_name": "Ana", "phone_number": "+49"}}, "contacts", "Ana +49"),
        ({"web_app_data": {"data": "{}", "button_text": "Go"}}, "form", "{}"),
    ],
)
def test_a_message_of_every_type_is_a_reply(content: dict[str, Any], kind: str, text: str) -> None:
    bare = {"message_id": 7, "chat": {"id": 42, "type": "private"}, "date": 1700000000}
    (event,) = events(message=bare | content)
    assert (event.kind, event.text, event.group_id) == (kind, text, "")


def test_a_caption_is_a_command_too() -> None:
    photo = {key: value for key, value in message("").items() if key != "text"}
    first, second = events(message=photo | {"photo": [], "caption": "/stop"})
    assert first == command("stop", opted_out=True)
    assert second.kind == "image"


def test_an_unknown_type_is_kept_and_named() -> None:
    bare = {"message_id": 7, "chat": {"id": 42, "type": "private"}, "date": 1, "hologram": {}}
    first, second = events(message=bare)
    assert (first.kind, str(second)) == ("unknown", "message: hologram")


@pytest.mark.parametrize("service", ["pinned_message", "new_chat_title", "video_chat_started"])
def test_a_service_message_is_no_reply(service: str) -> None:
    assert events(message=message("") | {service: {}}) == []


def test_an_edited_message_is_a_reply_of_its_own() -> None:
    edited = message("STOP") | {"edit_date": 1700000060}
    (event,) = events(edited_message=edited)
    assert (event.provider_message_id, event.text) == ("42:7:edited:1700000060", "STOP")


def test_a_reaction_answers_the_message_that_it_stands_on() -> None:
    reaction = {
        "chat": {"id": 42, "type": "private"},
        "message_id": 5,
        "user": {"id": 42},
        "date": 1700000000,
        "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": "👍"}],
    }
    (event,) = events(message_reaction=reaction)
    assert (event.kind, event.text, event.in_reply_to) == ("reaction", "👍", "42:5")


def test_a_message_without_a_time_has_the_time_of_receipt() -> None:
    (event,) = events(message={name: v for name, v in message("Hi").items() if name != "date"})
    assert event.at == NOW


def test_what_an_edit_says_counts_from_the_edit() -> None:
    change, reply = events(edited_message=message("/stop") | {"edit_date": 1700000900})
    assert (change.opted_out, change.at, reply.at) == (True, reply.at, AT + timedelta(minutes=15))


@pytest.mark.parametrize("odd", [{"reply_to_message": "x"}, {"from": 7}, {"edit_date": None}])
def test_a_part_of_another_shape_does_not_lose_the_words(odd: dict[str, Any]) -> None:
    (event,) = events(message=message("STOP") | odd)
    assert event.text == "STOP"


def test_a_block_that_does_not_name_the_bot_counts() -> None:
    (change,) = events(my_chat_member=member("kicked") | {"new_chat_member": {"status": "kicked"}})
    assert (change.address, change.opted_out) == ("42", True)


def events(**update: Any) -> list[Any]:
    return list(BOT.webhook.parse(json.dumps({"update_id": 1} | update).encode(), received_at=NOW))


def member(status: str, *, chat_type: str = "private") -> dict[str, Any]:
    return {
        "chat": {"id": 42, "type": chat_type},
        "date": 1700000000,
        "new_chat_member": {"status": status, "user": {"id": 123456, "is_bot": True}},
    }


def message(words: str) -> dict[str, Any]:
    chat = {"id": 42, "type": "private"}
    return {"message_id": 7, "chat": chat, "date": 1700000000, "text": words}


def command(name: str, *, opted_out: bool) -> OptChange:
    return OptChange("", "42", opted_out, False, AT, f"telegram_{name}")


def reply(words: str, *, payload: str = "", in_reply_to: str = "") -> Reply:
    return Reply("", "42", "42:7", words, AT, payload=payload, in_reply_to=in_reply_to)
