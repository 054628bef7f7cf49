import logging
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

pytestmark = pytest.mark.urls("tests.api.probes")


def only_error(response: Any) -> dict[str, Any]:
    body = response.json()
    assert sorted(body) == ["errors", "type"]
    assert len(body["errors"]) == 1
    return {"status": response.status_code, "type": body["type"], **body["errors"][0]}


def post_raw(client: APIClient, body: bytes) -> Any:
    generic: Any = client.generic  # the stub accepts text only
    return generic("POST", "/fields/", body, "application/json")


def test_a_domain_error_keeps_its_code_status_and_data(anonymous: APIClient) -> None:
    response = anonymous.get("/refusals/conflict/")

    assert only_error(response) == {
        "status": 409,
        "type": "client_error",
        "code": "conflict",
        "detail": "Not now.",
        "attr": None,
        "data": {"status": "SENT", "retry_after": 7},
    }
    assert response.headers["Retry-After"] == "7"


def test_invalid_input_names_its_field(anonymous: APIClient) -> None:
    assert only_error(anonymous.get("/refusals/invalid/")) == {
        "status": 400,
        "type": "validation_error",
        "code": "invalid",
        "detail": "No such field.",
        "attr": "recipients.3.phone",
    }


@pytest.mark.parametrize("path", ["/refusals/bug/", "/broken/"])
def test_a_bug_says_nothing_of_its_cause(anonymous: APIClient, path: str) -> None:
    response = anonymous.get(path)

    assert only_error(response)["type"] == "server_error"
    assert response.status_code == 500
    assert "secret" not in response.content.decode()


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/refusals/unavailable/", ("request_finished", 503)),
        ("/refusals/bug/", ("request_failed", 500)),
    ],
)
def test_the_log_names_the_status_of_the_answer(
    anonymous: APIClient, caplog: pytest.LogCaptureFixture, path: str, logged: tuple[str, int]
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = anonymous.get(path)

    lines: list[Any] = [record.msg for record in caplog.records]
    assert [(line["event"], line["code"]) for line in lines] == [logged]
    assert answer.status_code == logged[1]


def test_a_models_own_validation_error_names_its_field(anonymous: APIClient) -> None:
    error = only_error(anonymous.get("/refusals/model/"))

    assert (error["status"], error["type"], error["attr"]) == (400, "validation_error", "key")


def test_a_suspicious_operation_is_a_bad_request(anonymous: APIClient) -> None:
    assert only_error(anonymous.get("/refusals/suspicious/"))["status"] == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere/", 404, "not_found"),
        ("PUT", "/fields/", 405, "method_not_allowed"),
        ("GET", "/things/?page=999999999999999999999", 404, "not_found"),
        ("GET", "/things/?page_size=0", 400, "invalid"),
        ("GET", "/things/?page_size=%00", 400, "invalid"),
        ("GET", "/things/?page_size=%C2%B2", 400, "invalid"),
    ],
)
def test_what_cannot_be_answered_has_the_same_shape(
    owner: APIClient, method: str, path: str, status: int, code: str
) -> None:
    error = only_error(owner.generic(method, path, "{}", "application/json"))

    assert (error["status"], error["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"text": ', id="cut short"),
        pytest.param(b'{"text": "\\u0000"}', id="null character"),
        pytest.param(b'{"anything": {"\\u0000": 1}}', id="null character in a key"),
        pytest.param(b'{"text": "\\ud800"}', id="lone surrogate"),
        pytest.param(b'{"text": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"anything": NaN}', id="NaN"),
        pytest.param(b'{"text": "a", "text": "b"}', id="a key twice"),
        pytest.param(b'{"anything": ' + b"9" * 5000 + b"}", id="endless number"),
        pytest.param(b"[" * 40 + b"]" * 40, id="deep"),
        pytest.param(b"[" * 100_000, id="very deep, cut short"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="very deep list"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="very deep object"),
    ],
)
def test_unreadable_json_is_a_parse_error(owner: APIClient, body: bytes) -> None:
    error = only_error(post_raw(owner, body))

    assert (error["status"], error["code"]) == (400, "parse_error")


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        (b'{"anything": 9007199254740992}', "anything"),
        (b'{"anything": [0, {"a": -9007199254740992}]}', "anything.1.a"),
        (b'{"amount": 1e300}', "amount"),
        (b'{"anything": 1e400}', "anything"),
        (b"9007199254740993", None),
    ],
)
def test_a_number_that_clients_would_round_is_refused(
    owner: APIClient, body: bytes, attr: str | None
) -> None:
    error = only_error(post_raw(owner, body))

    assert (error["status"], error["code"]) == (400, "number_too_large")
    assert error["attr"] == attr


@pytest.mark.parametrize("number", [9007199254740991, -9007199254740991, 0.1, True])
def test_every_exact_number_is_taken(owner: APIClient, number: float) -> None:
    assert owner.post("/fields/", {"anything": number}).json() == {"anything": number}


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'"x"'])
def test_json_of_another_shape_is_a_validation_error(owner: APIClient, body: bytes) -> None:
    error = only_error(post_raw(owner, body))

    assert (error["status"], error["type"]) == (400, "validation_error")


def test_another_content_type_is_refused(owner: APIClient) -> None:
    error = only_error(
        owner.generic("POST", "/fields/", "a=1", "application/x-www-form-urlencoded")
    )

    assert (error["status"], error["code"]) == (415, "unsupported_media_type")


def test_a_body_that_is_too_large_is_refused(owner: APIClient, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    for path in ("/fields/", "/effect/"):
        error = only_error(owner.post(path, {"text": "x" * 200}))
        assert (error["status"], error["code"]) == (413, "request_too_large")


def test_money_and_times_have_one_form(owner: APIClient) -> None:
    response = owner.post("/fields/", {"amount": 1.5, "at": "2027-07-01T12:00:00+02:00"})

    assert response.json() == {"amount": "1.500000", "at": "2027-07-01T10:00:00Z"}


def test_a_time_before_the_first_is_refused(owner: APIClient) -> None:
    response = owner.post("/fields/", {"at": "0001-01-01T00:00:00+14:00"})

    assert only_error(response)["status"] == 400


def test_a_lost_race_for_a_unique_value_is_a_conflict(owner: APIClient) -> None:
    assert owner.post("/effect/", {"email": "a@example.com"}).status_code == 201

    error = only_error(owner.post("/effect/", {"email": "a@example.com"}))

    assert (error["status"], error["code"]) == (409, "already_exists")
