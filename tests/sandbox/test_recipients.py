import http.client
import json
import time
from typing import Any

import phonenumbers
import pytest

from sandbox.behaviour.magic import ENDINGS
from tests.sandbox.client import ACCOUNT, Client, text_to
from tests.sandbox.receiver import Receiver, until

LOST = (http.client.HTTPException, ConnectionError, TimeoutError)


def phone(ending: str) -> str:
    return f"+91987654{ending}"


def statuses(receiver: Receiver) -> list[str]:
    bodies = [json.loads(body) for _, body in list(receiver.calls)]
    values = [body["entry"][0]["changes"][0]["value"] for body in bodies]
    return [status["status"] for value in values for status in value["statuses"]]


def accepted(client: Client) -> int:
    return int(client.get("summary")["accepted"])


@pytest.mark.parametrize("ending", sorted(ENDINGS))
@pytest.mark.parametrize("start", ["+1415523", "+44791104", "+91987654", "+491511234", "+3361204"])
def test_every_ending_exists_as_a_valid_number(start: str, ending: str) -> None:
    number = phonenumbers.parse(f"{start}{ending}")
    assert phonenumbers.is_valid_number(number)


@pytest.mark.parametrize(
    ("ending", "reported"),
    [
        ("0001", ["sent", "delivered", "read"]),
        ("9001", ["sent", "failed"]),
        ("9002", ["sent", "delivered"]),
        ("9008", ["sent", "delivered", "read"]),
        ("9013", ["sent", "delivered", "read"]),
        ("9014", ["sent", "delivered", "read"]),
        ("9016", ["read", "delivered", "sent"]),
        ("9018", ["sent", "delivered", "read"]),
        ("9019", ["sent", "delivered", "read"]),
    ],
)
def test_receipts_by_ending(
    client: Client, webhook: Receiver, ending: str, reported: list[str]
) -> None:
    assert client.meta(text_to(phone(ending), "ours"))[0] == 200
    until(lambda: len(statuses(webhook)) >= len(reported))
    assert statuses(webhook) == reported


def test_receipts_twice(client: Client, webhook: Receiver) -> None:
    client.meta(text_to(phone("9015"), "ours"))
    until(lambda: len(statuses(webhook)) >= 6)
    assert sorted(statuses(webhook)) == sorted(2 * ["sent", "delivered", "read"])


def test_receipts_come_before_the_answer(client: Client, webhook: Receiver) -> None:
    client.meta(text_to(phone("9013"), "ours"))
    assert statuses(webhook) == ["sent", "delivered", "read"]


def test_late_receipts_are_late(client: Client, webhook: Receiver) -> None:
    start = time.monotonic()
    client.meta(text_to(phone("9014"), "ours"))
    until(lambda: statuses(webhook))
    assert time.monotonic() - start >= 0.6


def test_silent_recipients_report_nothing(client: Client, webhook: Receiver) -> None:
    client.meta(text_to(phone("9017"), "silent"))
    client.meta(text_to(phone("0001"), "ours"))
    until(lambda: len(statuses(webhook)) == 3)
    assert client.get("message/silent")["results"][0]["final_status"] is None


@pytest.mark.parametrize(("ending", "code"), [("9003", 131026), ("9004", 131050)])
def test_meta_refuses_for_good(client: Client, ending: str, code: int) -> None:
    for _ in range(2):
        status, answer, _ = client.meta(text_to(phone(ending), "ours"))
        assert (status, answer["error"]["code"]) == (400, code)
    assert accepted(client) == 0


@pytest.mark.parametrize(
    ("ending", "refusals"), [("9005", [(500, 131016)]), ("9006", 2 * [(429, 130429)])]
)
def test_meta_refuses_for_now_then_accepts(
    client: Client, ending: str, refusals: list[tuple[int, int]]
) -> None:
    for refusal in refusals:
        status, answer, headers = client.meta(text_to(phone(ending), "ours"))
        assert (status, answer["error"]["code"], headers["Retry-After"]) == (*refusal, "1")
    assert accepted(client) == 0
    assert client.meta(text_to(phone(ending), "ours"))[0] == 200
    assert accepted(client) == 1


def test_the_pair_limit_passes_with_time(client: Client) -> None:
    body = text_to(phone("9007"), "ours")
    assert client.meta(body)[1]["error"]["code"] == 131056
    until(lambda: client.meta(body)[0] == 200)
    assert accepted(client) == 1


def test_a_slow_answer_is_slow(client: Client) -> None:
    start = time.monotonic()
    assert client.meta(text_to(phone("9008")))[0] == 200
    assert time.monotonic() - start >= 0.6


def test_no_answer_but_accepted(client: Client) -> None:
    with pytest.raises(TimeoutError):
        client.meta(text_to(phone("9009"), "ours"), timeout=0.5)
    assert accepted(client) == 1


def test_a_5xx_that_was_accepted(client: Client) -> None:
    status, answer, _ = client.meta(text_to(phone("9010"), "ours"))
    assert (status, answer["error"]["code"]) == (500, 1)
    assert accepted(client) == 1


@pytest.mark.parametrize(("ending", "accepted_count"), [("9011", 1), ("9012", 0)])
def test_a_reset_connection(client: Client, ending: str, accepted_count: int) -> None:
    with pytest.raises(ConnectionResetError):
        client.meta(text_to(phone(ending), "ours"))
    assert accepted(client) == accepted_count


def test_a_held_message_says_so(client: Client) -> None:
    answer = client.meta(text_to(phone("9018")))[1]
    assert answer["messages"][0]["message_status"] == "held_for_quality_assessment"


@pytest.mark.parametrize(
    ("ending", "code", "description"),
    [
        ("9003", 400, "Bad Request: chat not found"),
        ("9004", 403, "Forbidden: bot was blocked by the user"),
        ("9005", 429, "Too Many Requests: retry after 1"),
        ("9006", 429, "Too Many Requests: retry after 1"),
        ("9007", 429, "Too Many Requests: retry after 1"),
        ("9010", 500, "Internal Server Error"),
    ],
)
def test_telegram_by_ending(client: Client, ending: str, code: int, description: str) -> None:
    body = {"chat_id": int(f"77{ending}"), "text": "hi"}
    status, answer, _ = client.telegram("sendMessage", body)
    wait: dict[str, Any] = {"parameters": {"retry_after": 1}} if code == 429 else {}
    assert status == code
    assert answer == {"ok": False, "error_code": code, "description": description, **wait}


@pytest.mark.parametrize(("ending", "accepted_count"), [("9009", 1), ("9011", 1), ("9012", 0)])
def test_telegram_leaves_the_client_without_an_answer(
    client: Client, ending: str, accepted_count: int
) -> None:
    with pytest.raises(LOST):
        client.telegram("sendMessage", {"chat_id": f"77{ending}", "text": "hi"}, timeout=0.5)
    assert accepted(client) == accepted_count


def test_a_configured_behaviour_goes_before_the_ending(client: Client) -> None:
    recipient = {"provider": "meta", "to": phone("9003"), "behaviour": "delivers"}
    client.control("recipients", recipient)
    assert client.meta(text_to(phone("9003")))[0] == 200


def test_endings_can_be_switched_off_for_an_account(client: Client) -> None:
    client.control("accounts", {"provider": "meta", "account": ACCOUNT, "magic": False})
    assert client.meta(text_to(phone("9003")))[0] == 200
