"""What a page of another origin may do with the API, as a browser sees it."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Error

from demo.tenant import OWNER, PASSWORD
from tests.e2e.conftest import Watched
from tests.e2e.running_stack import House

FETCH = """async ({url, options}) => {
    const answer = await fetch(url, options);
    const header = (name) => answer.headers.get(name);
    return {
        status: answer.status,
        body: await answer.json(),
        requestId: header("X-Request-ID"),
        retryAfter: header("Retry-After"),
        replayed: header("Idempotent-Replayed"),
        notExposed: header("X-Frame-Options"),
    };
}"""
LOG_INS = 10  # a minute, for one address and e-mail


@pytest.fixture
def shop(visit: Callable[[str], Watched], front_end: int) -> Watched:
    """A page of the one origin that the API was told of."""
    return visit(f"http://localhost:{front_end}/")


def fetch(
    watched: Watched, url: str, *, body: Mapping[str, Any] | None = None, **headers: str
) -> Any:
    """POST where there is a body; underscores of a header's name are dashes."""
    options: dict[str, Any] = {"headers": {k.replace("_", "-"): v for k, v in headers.items()}}
    if body is not None:
        options["method"], options["body"] = "POST", json.dumps(body)
        options["headers"]["Content-Type"] = "application/json"
    return watched.page.evaluate(FETCH, {"url": url, "options": options})


def bearer(watched: Watched, house: House) -> str:
    answer = fetch(watched, f"{house.url}/token/", body={"email": OWNER, "password": PASSWORD})
    assert answer["status"] == 200
    return f"Bearer {answer['body']['access']}"


def test_a_known_origin_logs_in_and_sees_who_it_is(shop: Watched, house: House) -> None:
    answer = fetch(shop, f"{house.url}/me/", Authorization=bearer(shop, house))
    assert answer["status"] == 200
    assert answer["body"]["user"]["email"] == OWNER
    assert answer["requestId"]
    assert answer["notExposed"] is None
    assert shop.complaints == []


def test_it_writes_a_broadcast_once_however_often_it_asks(shop: Watched, house: House) -> None:
    token, key = bearer(shop, house), uuid4().hex
    body = {"name": "From a browser", "platform": "TELEGRAM", "text": "Hello"}
    first, second = (
        fetch(
            shop, f"{house.url}/broadcast/", body=body, Authorization=token, Idempotency_Key=key
        )
        for _ in range(2)
    )  # fmt: skip
    assert (first["status"], second["status"]) == (201, 201)
    assert first["body"]["id"] == second["body"]["id"]
    assert (first["replayed"], second["replayed"]) == (None, "true")


def test_it_reads_what_is_wrong_and_how_long_to_wait(shop: Watched, house: House) -> None:
    wrong = {"email": f"{uuid4().hex}@example.com", "password": "wrong"}
    for _ in range(LOG_INS):
        answer = fetch(shop, f"{house.url}/token/", body=wrong)
        assert (answer["status"], answer["body"]["type"]) == (401, "client_error")
    answer = fetch(shop, f"{house.url}/token/", body=wrong)
    assert answer["status"] == 429
    assert 0 < int(answer["retryAfter"]) <= 60
    assert answer["requestId"]


def test_an_unknown_origin_is_kept_out_by_the_browser(
    visit: Callable[[str], Watched], front_end: int, house: House
) -> None:
    stranger = visit(f"http://127.0.0.1:{front_end}/")
    log_in = {"email": OWNER, "password": PASSWORD}
    with pytest.raises(Error, match="Failed to fetch"):
        fetch(stranger, f"{house.url}/token/", body=log_in)
    with pytest.raises(Error, match="Failed to fetch"):
        fetch(stranger, f"{house.url}/me/", Authorization="Bearer of-somebody")
    assert any("blocked by CORS policy" in each for each in stranger.complaints)
