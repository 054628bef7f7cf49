"""CORS: preflight requests, and the headers that a page of another origin may read."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

PAGE = "http://localhost:3000"
OTHER = "http://evil.example"


def ask(
    url: str, *, method: str, origin: str, body: bytes | None = None, headers: Mapping[str, str]
) -> tuple[int, Message]:
    request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 - this test's server
    request.add_header("Origin", origin)
    for name, value in headers.items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            return answer.status, answer.headers
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers


def preflight(url: str, *, origin: str, method: str, headers: str) -> Message:
    wanted_headers = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    status, answered_headers = ask(url, method="OPTIONS", origin=origin, headers=wanted_headers)
    assert status == 200
    return answered_headers


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/broadcast/", "POST"),
        ("/broadcast", "POST"),
        ("/token/", "POST"),
        ("/contacts/imports/", "POST"),
        ("/broadcast/messages/", "GET"),
        ("/broadcast/01890000-0000-7000-8000-000000000000/", "PATCH"),
        ("/broadcast/01890000-0000-7000-8000-000000000000/", "DELETE"),
    ],
)
def test_a_known_origin_may_ask(
    live_server: LiveServer, settings: Settings, path: str, method: str
) -> None:
    settings.CORS_ALLOWED_ORIGINS = [PAGE]
    wanted_headers = ["authorization", "content-type", "idempotency-key", "x-request-id"]
    headers = preflight(
        live_server.url + path, origin=PAGE, method=method, headers=",".join(wanted_headers)
    )
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert set(wanted_headers) <= {
        name.strip() for name in headers["Access-Control-Allow-Headers"].split(",")
    }
    assert method in headers["Access-Control-Allow-Methods"]


@pytest.mark.django_db(transaction=True)
def test_another_origin_may_not(live_server: LiveServer, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [PAGE]
    headers = preflight(
        f"{live_server.url}/broadcast/", origin=OTHER, method="POST", headers="authorization"
    )
    assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.django_db(transaction=True)
def test_the_page_may_read_the_answer_and_our_headers_even_of_an_error(
    live_server: LiveServer, settings: Settings
) -> None:
    settings.CORS_ALLOWED_ORIGINS = [PAGE]
    body = json.dumps({"email": "nobody@example.com", "password": "wrong"}).encode()
    status, answered_headers = ask(
        f"{live_server.url}/token/",
        method="POST",
        origin=PAGE,
        body=body,
        headers={"Content-Type": "application/json"},
    )
    assert status == 401
    assert answered_headers["Access-Control-Allow-Origin"] == PAGE
    assert {"Retry-After", "X-Request-ID"} <= {
        name.strip() for name in answered_headers["Access-Control-Expose-Headers"].split(",")
    }
    assert answered_headers["X-Request-ID"]
