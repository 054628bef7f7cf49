"""Requests, answers and errors of the Telegram Bot API."""

from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from channels.port.http_calls import HttpRequest
from channels.port.messages import (
    Button,
    ButtonKind,
    Media,
    ParameterKind,
    TemplateContent,
    TextContent,
)
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.telegram.adapter import (
    TelegramBot,
    set_webhook_outcome,
    set_webhook_request,
)
from channels.providers.telegram.errors import CODES, ERRORS
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import account, response, template, text

BOT = TelegramBot()


@pytest.mark.parametrize(
    ("to", "chat_id"), [("42", 42), ("-1001234567890", -1001234567890), ("@news", "@news")]
)
def test_a_text(to: str, chat_id: int | str) -> None:
    request = BOT.send_request(account("telegram_bot"), text("1 < 2", to=to))
    assert request.url == "https://provider.test/bot123456:secret-TOKEN/sendMessage"
    assert (request.method, request.json) == ("POST", {"chat_id": chat_id, "text": "1 < 2"})


@pytest.mark.parametrize(
    ("kind", "method", "name"),
    [
        (ParameterKind.IMAGE, "sendPhoto", "photo"),
        (ParameterKind.VIDEO, "sendVideo", "video"),
        (ParameterKind.DOCUMENT, "sendDocument", "document"),
    ],
)
def test_a_captioned_medium(kind: ParameterKind, method: str, name: str) -> None:
    request = request_of(TextContent("Sale", media=Media(kind, "https://c.test/a")))
    assert request.url.endswith(f"/{method}")
    assert request.json == {"chat_id": 42, name: "https://c.test/a", "caption": "Sale"}
    bare = request_of(TextContent("", media=Media(kind, "https://c.test/a")))
    assert bare.json == {"chat_id": 42, name: "https://c.test/a"}


def test_url_buttons_stand_in_rows_of_their_own() -> None:
    request = request_of(TextContent("Hi", buttons=(SHOP, replace(SHOP, text="Help"))))
    assert request.json["reply_markup"] == {
        "inline_keyboard": [
            [{"text": "Shop", "url": "https://a.test"}],
            [{"text": "Help", "url": "https://a.test"}],
        ]
    }


def test_a_reply_button_sends_its_value_back() -> None:
    request = request_of(
        TextContent("Hi", buttons=(SHOP, Button(ButtonKind.REPLY, "Yes", "y" * 64)))
    )
    assert request.json["reply_markup"]["inline_keyboard"][1] == [
        {"text": "Yes", "callback_data": "y" * 64}
    ]


@pytest.mark.parametrize(
    "button",
    [
        Button(ButtonKind.CALL, "Call", "+14155550100"),
        Button(ButtonKind.REPLY, "Yes", "y" * 65),
        Button(ButtonKind.REPLY, "Yes", "é" * 33),
        Button(ButtonKind.REPLY, "Yes", ""),
    ],
)
def test_what_telegram_would_refuse_is_not_built(button: Button) -> None:
    with pytest.raises(ValueError, match="no such button"):
        request_of(TextContent("Hi", buttons=(button,)))


def request_of(content: TextContent) -> HttpRequest:
    return BOT.send_request(account("telegram_bot"), replace(text(), content=content))


SHOP = Button(ButtonKind.URL, "Shop", "https://a.test")


def test_a_template_cannot_be_sent() -> None:
    with pytest.raises(TypeError):
        BOT.send_request(account("telegram_bot"), template(TemplateContent("t", "en")))


def test_set_webhook() -> None:
    assert set_webhook().url == "https://provider.test/bot123456:secret-TOKEN/setWebhook"
    assert set_webhook().json == {
        "url": "https://we.test/hook/",
        "secret_token": "abc",
        "allowed_updates": [
            "message",
            "edited_message",
            "message_reaction",
            "my_chat_member",
            "callback_query",
        ],
    }


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"ok": True, "result": True}, OutcomeKind.ACCEPTED),
        ({"ok": False, "error_code": 401, "description": "Unauthorized"}, OutcomeKind.PERMANENT),
    ],
)
def test_the_answer_to_set_webhook(body: dict[str, Any], kind: OutcomeKind) -> None:
    assert set_webhook_outcome(response(200, body)).kind is kind


def test_requests_keep_to_the_published_schema() -> None:
    spec = load("specs/telegram_bot_api_10.1.json")
    picture = TextContent("Hi", media=Media(ParameterKind.IMAGE, "https://a.test"), buttons=(SHOP,))
    for method, request in (
        ("sendMessage", request_of(TextContent("Hi", buttons=(SHOP,)))),
        ("sendPhoto", request_of(picture)),
        (
            "sendMessage",
            request_of(TextContent("Hi", buttons=(Button(ButtonKind.REPLY, "Y", "y"),))),
        ),
        ("answerCallbackQuery", BOT.acknowledge_request(account("telegram_bot"), "77")),
        ("setWebhook", set_webhook()),
    ):
        operation = spec["paths"][f"/bot{{token}}/{method}"]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        root = {"components": spec["components"], **schema}
        jsonschema.Draft202012Validator(root).validate(request.json)


def test_accepted_ids_hold_their_chat() -> None:
    body = {"ok": True, "result": {"message_id": 7, "chat": {"id": -42}}}
    outcome = BOT.send_outcome(response(200, body))
    assert outcome == Outcome(OutcomeKind.ACCEPTED, provider_message_id="-42:7")


def test_check_names_the_bot() -> None:
    body = {"ok": True, "result": {"id": 123456, "is_bot": True, "username": "demo_bot"}}
    outcome = BOT.check_outcome(response(200, body))
    assert outcome == Outcome(OutcomeKind.ACCEPTED, message="@demo_bot (123456)")


PERMANENT, RECIPIENT = OutcomeKind.PERMANENT, FailureCause.RECIPIENT
ROUTE = FailureCause.ROUTE
CONTENT, CONFIG = FailureCause.CONTENT, FailureCause.CONFIG

TABLE = [
    (403, "Forbidden: bot was blocked by the user", FailureCause.OPT_OUT, "opted_out"),
    (403, "Forbidden: user is deactivated", RECIPIENT, "recipient_gone"),
    (403, "Forbidden: bot was kicked from the group chat", ROUTE, "recipient_unreachable"),
    (
        403, "Forbidden: bot can't initiate conversation with a user",
        ROUTE, "recipient_not_started",
    ),
    (403, "Forbidden: bot is not a member of the channel chat", ROUTE, "recipient_unreachable"),
    (403, "Forbidden: the group chat was deleted", RECIPIENT, "recipient_gone"),
    (403, "Forbidden: bot can't send messages to bots", RECIPIENT, "recipient_unsupported"),
    (400, "Bad Request: chat not found", RECIPIENT, "recipient_unreachable"),
    (400, "Bad Request: user not found", RECIPIENT, "recipient_unreachable"),
    (400, "Bad Request: group is deactivated", RECIPIENT, "recipient_gone"),
    (400, "Bad Request: have no rights to send a message", ROUTE, "recipient_unreachable"),
    (
        400, "Bad Request: not enough rights to send text messages to the chat",
        ROUTE, "recipient_unreachable",
    ),
    (400, "Bad Request: CHAT_WRITE_FORBIDDEN", ROUTE, "recipient_unreachable"),
    (400, "Bad Request: CHAT_RESTRICTED", ROUTE, "recipient_unreachable"),
    (400, "Bad Request: USER_BANNED_IN_CHANNEL", ROUTE, "recipient_unreachable"),
    (400, "Bad Request: TOPIC_CLOSED", ROUTE, "recipient_unreachable"),
    (400, "Bad Request: PEER_ID_INVALID", RECIPIENT, "recipient_unreachable"),
    (
        400, "Bad Request: group chat was upgraded to a supergroup chat",
        RECIPIENT, "recipient_moved",
    ),
    (400, "Bad Request: message text is empty", CONTENT, "content_refused"),
    (400, "Bad Request: message is too long", CONTENT, "content_too_long"),
    (400, "Bad Request: message caption is too long", CONTENT, "content_too_long"),
    (400, "Bad Request: BUTTON_URL_INVALID", CONTENT, "content_refused"),
    (400, "Bad Request: file is too big", CONTENT, "media_failed"),
    (400, "Bad Request: can't parse entities: no end of entity", CONTENT, "content_refused"),
    (400, "Bad Request: wrong file identifier/HTTP URL specified", CONTENT, "media_failed"),
    (400, "Bad Request: failed to get HTTP URL content", CONTENT, "media_failed"),
    (401, "Unauthorized", CONFIG, "sender_unauthorized"),
    (404, "Not Found", CONFIG, "sender_unauthorized"),
    (409, "Conflict: terminated by other getUpdates request", CONFIG, "sender_conflict"),
    (400, "Bad Request: something new", FailureCause.NONE, "provider_error_unmapped"),
    (403, "Forbidden: something new", ROUTE, "provider_error_unmapped"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "description", "cause", "ours"), TABLE)
def test_every_row_of_the_error_map(
    code: int, description: str, cause: FailureCause, ours: str
) -> None:
    outcome = BOT.send_outcome(response(code, error(code, description)))
    assert outcome.kind is PERMANENT
    assert (outcome.cause, outcome.code) == (cause, ours)
    assert outcome.provider_code == str(code)


def test_no_row_is_untested() -> None:
    described = {(code, words) for code, words in ERRORS for row in TABLE if words in row[1]}
    assert described == set(ERRORS)
    assert set(CODES) - {429} <= {row[0] for row in TABLE}


def test_the_map_covers_the_published_descriptions() -> None:
    for name in load("error_classes.json")["telegram"]:
        code, _, description = name.partition(" ")
        if description:
            outcome = BOT.send_outcome(response(int(code), error(int(code), description)))
            assert outcome.code != "provider_error_unmapped", name


def test_flood_control_holds_the_bot() -> None:
    body = error(429, "Too Many Requests: retry after 7") | {"parameters": {"retry_after": 7}}
    outcome = BOT.send_outcome(response(429, body))
    assert (outcome.kind, outcome.retry_after) == (OutcomeKind.LIMITED, 7.0)
    assert outcome.limit_scope == "sender"


@pytest.mark.parametrize("wait", ["soon", -1, None, True])
def test_a_senseless_retry_after_falls_back(wait: Any) -> None:
    body = error(429, "Too Many Requests") | {"parameters": {"retry_after": wait}}
    assert BOT.send_outcome(response(429, body)).retry_after == 5.0


@pytest.mark.parametrize("code", [500, 502])
def test_a_server_error_may_have_been_sent(code: int) -> None:
    outcome = BOT.send_outcome(response(code, error(code, "Internal Server Error")))
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "provider_unavailable")


def error(code: int, description: str) -> dict[str, Any]:
    return {"ok": False, "error_code": code, "description": description}


def set_webhook() -> HttpRequest:
    return set_webhook_request(
        account("telegram_bot"), url="https://we.test/hook/", secret_token="abc"
    )
