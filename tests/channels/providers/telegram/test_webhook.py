"""Updates of the Telegram Bot API: pressed buttons, commands, replies, blocked bots."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.port.events import OptChange, Reply
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
        "", "42", "42:pressed:77", "Yes!", NOW, in_reply_to="42:5", acknowledge="77"
    )


def test_a_button_under_an_old_message_is_known_by_its_value() -> None:
    old = {"message_id": 5, "chat": {"id": 42}, "date": 0}
    (event,) = events(callback_query=pressed(message=old))
    assert isinstance(event, Reply)
    assert (event.text, event.in_reply_to) == ("yes", "42:5")


@pytest.mark.parametrize("changed", [{"message": None}, {"data": None}, {"data": ""}])
def test_a_press_without_a_message_or_a_value_is_passed_over(changed: dict[str, Any]) -> None:
    assert events(callback_query=pressed(**changed)) == []


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
    assert events(edited_message={"text": "x"}) == []


@pytest.mark.parametrize("words", ["/stop", "/stop@demo_bot", "/STOP please"])
def test_stop_opts_out(words: str) -> None:
    assert events(message=message(words)) == [command("stop", opted_out=True)]


def test_start_opts_in_and_hands_on_its_payload() -> None:
    assert events(message=message("/start c-123")) == [
        command("start", opted_out=False),
        reply("/start c-123", payload="c-123"),
    ]


def test_a_group_is_nobodys_own_chat() -> None:
    group_message = message("/start@demo_bot c-123") | {"chat": {"id": 42, "type": "group"}}
    assert events(message=group_message)[1:] == [reply("/start@demo_bot c-123")]


def test_a_reply() -> None:
    quoting_message = message("Hello") | {"reply_to_message": {"message_id": 5}}
    assert events(message=quoting_message) == [reply("Hello", in_reply_to="42:5")]


def test_a_message_without_text_is_passed_over() -> None:
    assert events(message={"message_id": 7, "chat": {"id": 42}, "date": 1, "photo": []}) == []


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
