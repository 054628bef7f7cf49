from typing import Any

import pytest

from tests.sandbox.client import ACCOUNT, BOT, Client, template_to, text_to

PHONE = "+919876540001"


def changed(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (body | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], 100),
        (changed(text_to(PHONE), messaging_product="sms"), 100),
        (changed(text_to(PHONE), to=None), 131008),
        (text_to("not a phone"), 131009),
        (changed(text_to(PHONE), to=919876540001), 131009),
        (changed(text_to(PHONE), type="carrier_pigeon"), 100),
        (changed(text_to(PHONE), text=None), 131008),
        (text_to(PHONE, text=""), 131008),
        (text_to(PHONE, text="x" * 4097), 100),
        (changed(text_to(PHONE), surprise=1), 100),
        (text_to(PHONE, our_id="x" * 513), 131009),
    ],
)
def test_meta_refuses_a_wrong_message_and_accepts_nothing(
    client: Client, body: Any, code: int
) -> None:
    status, answer, _ = client.meta(body)
    assert (status, answer["error"]["code"]) == (400, code)
    assert set(answer["error"]) == {"message", "type", "code", "error_data", "fbtrace_id"}
    assert client.get("summary")["accepted"] == 0
    assert client.get("summary")["refused"] == {f"meta:invalid_{code}": 1}


@pytest.mark.parametrize(
    ("where", "value", "code"),
    [
        (("name",), "Summer Sale", 132001),
        (("language",), "en_US", 131008),
        (("language", "code"), "english", 132001),
        (("components", 0, "type"), "footer", 100),
        (("components", 0, "parameters"), [], 131008),
        (("components", 1, "parameters", 0, "type"), "colour", 100),
        (("components", 1, "parameters", 0, "text"), "", 131008),
        (("components", 1, "parameters", 0, "text"), 7, 131009),
        (("components", 1, "parameters", 0, "text"), "two\nlines", 132018),
        (("components", 2, "index"), "10", 131009),
        (("components", 2, "sub_type"), "href", 100),
        (("components", 2, "parameters"), [], 131008),
    ],
)
def test_meta_refuses_a_wrong_template(
    client: Client, where: tuple[Any, ...], value: Any, code: int
) -> None:
    body = template_to(PHONE)
    part: Any = body["template"]
    for step in where[:-1]:
        part = part[step]
    part[where[-1]] = value
    assert client.meta(body)[1]["error"]["code"] == code


@pytest.mark.parametrize("token", ["", "revoked-token"])
def test_meta_refuses_a_wrong_token_with_190(client: Client, token: str) -> None:
    status, answer, _ = client.meta(text_to(PHONE), token=token)
    assert (status, answer["error"]["code"]) == (401, 190)


def test_meta_describes_a_phone_number(client: Client) -> None:
    headers = {"Authorization": "Bearer token"}
    path = f"/v19.0/{ACCOUNT}?fields=verified_name"
    status, answer, _ = client.call("GET", path, headers=headers)
    assert (status, answer) == (200, {"verified_name": "Sandbox", "id": ACCOUNT})


def test_meta_refuses_what_is_not_json(client: Client) -> None:
    assert client.meta(b"{")[1]["error"]["code"] == 100


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ({"text": "hi"}, "Bad Request: chat_id is empty"),
        ({"chat_id": 42, "text": " "}, "Bad Request: message text is empty"),
        ({"chat_id": 42, "text": "x" * 4097}, "Bad Request: message is too long"),
        ({"chat_id": "nobody here", "text": "hi"}, "Bad Request: chat not found"),
        ({"chat_id": 42, "text": "hi", "parse_mode": "rtf"}, "Bad Request: unsupported parse_mode"),
        (
            {"chat_id": 42, "text": "hi", "reply_markup": {"inline_keyboard": [{}]}},
            "Bad Request: can't parse reply_markup JSON object",
        ),
    ],
)
def test_telegram_refuses_a_wrong_message(
    client: Client, body: dict[str, Any], description: str
) -> None:
    status, answer, _ = client.telegram("sendMessage", body)
    assert status == 400
    assert answer == {"ok": False, "error_code": 400, "description": description}
    assert client.get("summary")["accepted"] == 0


def test_telegram_refuses_bad_and_revoked_tokens(client: Client) -> None:
    assert client.call("POST", "/botnonsense/getMe", {})[0] == 404
    assert client.call("POST", "/bot1:revoked/getMe", {})[1]["error_code"] == 401


def test_telegram_takes_forms_as_well(client: Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    path = "/bot1:a/sendMessage"
    status, answer, _ = client.call("POST", path, b"chat_id=42&text=12", headers=form)
    assert (status, answer["result"]["text"]) == (200, "12")


def test_telegram_describes_the_bot(client: Client) -> None:
    assert client.telegram("getMe")[1]["result"]["id"] == int(BOT)


def test_telegram_message_ids_are_unique_within_a_chat_only(client: Client) -> None:
    def send(chat: int) -> int:
        answer = client.telegram("sendMessage", {"chat_id": chat, "text": "hi"})[1]
        return int(answer["result"]["message_id"])

    assert send(770_001) == send(770_002)
    assert send(770_001) == 2
