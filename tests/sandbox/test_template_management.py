"""Templates and uploads that the sandbox, as Meta, refuses when they are submitted."""

from itertools import count
from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox.client import Client, template_to

WABAS = count(102_290_129)
NAMES = count()
BODY = {"type": "BODY", "text": "Hello"}
OTP = {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}
AUTHENTICATION = {"category": "AUTHENTICATION"}


def header(handle: str = "4::aW", kind: str = "IMAGE") -> dict[str, Any]:
    return {"type": "HEADER", "format": kind, "example": {"header_handle": [handle]}}


def carousel(*cards: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "CAROUSEL", "cards": [{"components": components} for components in cards]}


def submit(client: Client, components: list[Any], **fields: Any) -> tuple[int, Any]:
    body = {
        "name": f"t_{next(NAMES)}",
        "language": "en",
        "category": "MARKETING",
        "components": components,
        **fields,
    }
    path = f"/v23.0/{next(WABAS)}/message_templates"
    return client.call("POST", path, body, headers={"Authorization": "Bearer x"})[:2]


@pytest.mark.parametrize(
    "components",
    [
        [header(), BODY],
        [BODY, carousel([header()], [header()])],
        [BODY, carousel([header(kind="VIDEO"), BODY], [header(kind="VIDEO"), BODY])],
    ],
)
def test_valid_templates_are_accepted(client: Client, components: list[Any]) -> None:
    assert submit(client, components)[0] == 200


@pytest.mark.parametrize(
    "components",
    [
        [header("https://cdn.example/a.jpg"), BODY],
        [BODY, carousel([header()])],
        [BODY, carousel(*[[header()]] * 11)],
        [BODY, carousel([header()], [header(kind="VIDEO")])],
        [BODY, carousel([header()], [header(), BODY])],
        [BODY, carousel([BODY], [BODY])],
        [BODY, carousel(*[[header(), {"type": "BODY", "text": "x" * 161}]] * 2)],
        [BODY, carousel(*[[header(), {"type": "BODY", "text": "For {{1}}"}]] * 2)],
        [BODY, OTP],
    ],
)
def test_invalid_templates_are_refused(client: Client, components: list[Any]) -> None:
    status, answer = submit(client, components)
    assert (status, answer["error"]["code"]) == (400, 131009)


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        ("1", 200),
        ("500", 200),
        ("many", 400),
        ("", 400),
        ("-1", 400),
        ("²", 400),
        ("9" * 5000, 400),
    ],
)
def test_a_limit_that_is_no_number_is_refused(client: Client, limit: str, status: int) -> None:
    path = f"/v23.0/{next(WABAS)}/message_templates?limit={quote(limit)}"
    answer = client.call("GET", path, headers={"Authorization": "Bearer x"})

    assert answer[0] == status
    assert status == 200 or answer[1]["error"]["code"] == 100


@pytest.mark.parametrize("length", ["x", "²", "9" * 5000])
def test_a_file_length_that_is_no_number_is_refused(client: Client, length: str) -> None:
    path = f"/v23.0/634974688087057/uploads?file_type=image/png&file_length={quote(length)}"
    answer = client.call("POST", path, headers={"Authorization": "Bearer x"})

    assert answer[0] == 400


@pytest.mark.parametrize(
    ("components", "status"),
    [
        ([{"type": "BODY", "add_security_recommendation": True}, OTP], 200),
        ([BODY, OTP], 400),
        ([{"type": "BODY"}], 400),
        ([{"type": "BODY"}, {"type": "FOOTER", "code_expiration_minutes": 91}, OTP], 400),
        ([{"type": "BODY"}, {"type": "BUTTONS", "buttons": [{"otp_type": "ONE_TAP"}]}], 400),
    ],
)
def test_one_time_passwords(client: Client, components: list[Any], status: int) -> None:
    assert submit(client, components, **AUTHENTICATION)[0] == status


@pytest.mark.parametrize(
    ("path", "headers", "length"),
    [
        ("", {"Authorization": "OAuth x", "file_offset": "0"}, 2),
        ("", {"Authorization": "Bearer x", "file_offset": "0"}, 3),
        ("", {"Authorization": "OAuth x"}, 3),
        ("upload:other?sig=a", {"Authorization": "OAuth x", "file_offset": "0"}, 3),
    ],
    ids=["length", "scheme", "offset", "session"],
)
def test_an_upload_has_to_be_as_it_was_announced(
    client: Client, path: str, headers: dict[str, str], length: int
) -> None:
    bearer = {"Authorization": "Bearer x"}
    app = client.call("GET", "/v23.0/app", headers=bearer)[1]["id"]
    query = f"file_length={length}&file_type=image/png&file_name=a.png"
    session = client.call("POST", f"/v23.0/{app}/uploads?{query}", headers=bearer)[1]["id"]

    status, answer, _ = client.call("POST", f"/v23.0/{path or session}", b"abc", headers=headers)

    assert (status >= 400, "h" in answer) == (True, False)


def test_the_newest_requests_are_shown_word_by_word(client: Client) -> None:
    sent = template_to("+919876540001", "shown")
    client.meta(sent)

    (record,) = client.get("message/shown")["results"]

    assert record["body"] == sent
    assert "body" not in client.get("accepted")["results"][0]
