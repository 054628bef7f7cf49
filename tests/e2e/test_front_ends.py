"""What a browser lets a page of another origin do with the API."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Error

from demo.tenant import OWNER, PASSWORD
from tests.e2e.conftest import Watched
from tests.e2e.running_stack import RunningStack

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
LOG_INS = 10  # allowed per minute for one address and e-mail


@pytest.fixture
def shop(visit: Callable[[str], Watched], front_end: int) -> Watched:
    """A page of the one origin that the API allows."""
    return visit(f"http://localhost:{front_end}/")


def fetch(
    watched: Watched, url: str, *, body: Mapping[str, Any] | None = None, **headers: str
) -> Any:
    """GET, or POST if there is a body; underscores in a header's name become dashes."""
    options: dict[str, Any] = {
        "headers": {name.replace("_", "-"): value for name, value in headers.items()}
    }
    if body is not None:
        options["method"], options["body"] = "POST", json.dumps(body)
        options["headers"]["Content-Type"] = "application/json"
    return watched.page.evaluate(FETCH, {"url": url, "options": options})


def bearer(watched: Watched, stack: RunningStack) -> str:
    answer = fetch(watched, f"{stack.url}/token/", body={"email": OWNER, "password": PASSWORD})
    assert answer["status"] == 200
    return f"Bearer {answer['body']['access']}"


def test_an_allowed_origin_logs_in_and_reads_its_user(shop: Watched, stack: RunningStack) -> None:
    answer = fetch(shop, f"{stack.url}/me/", Authorization=bearer(shop, stack))
    assert answer["status"] == 200
    assert answer["body"]["user"]["email"] == OWNER
    assert answer["requestId"]
    assert answer["notExposed"] is None
    assert shop.complaints == []


def test_an_allowed_origin_creates_a_broadcast_once_with_one_key(
    shop: Watched, stack: RunningStack
) -> None:
    token, key = bearer(shop, stack), uuid4().hex
    body = {"name": "From a browser", "platform": "TELEGRAM", "text": "Hello"}
    first, second = (
        fetch(
            shop, f"{stack.url}/broadcast/", body=body, Authorization=token, Idempotency_Key=key
        )
        for _ in range(2)
    )  # fmt: skip
    assert (first["status"], second["status"]) == (201, 201)
    assert first["body"]["id"] == second["body"]["id"]
    assert (first["replayed"], second["replayed"]) == (None, "true")


def test_an_allowed_origin_reads_errors_and_how_long_to_wait(
    shop: Watched, stack: RunningStack
) -> None:
    wrong = {"email": f"{uuid4().hex}@example.com", "password": "wrong"}
    for _ in range(LOG_INS):
        answer = fetch(shop, f"{stack.url}/token/", body=wrong)
        assert (answer["status"], answer["body"]["type"]) == (401, "client_error")
    answer = fetch(shop, f"{stack.url}/token/", body=wrong)
    assert answer["status"] == 429
    assert 0 < int(answer["retryAfter"]) <= 60
    assert answer["requestId"]


def test_the_browser_keeps_an_unknown_origin_out(
    visit: Callable[[str], Watched], front_end: int, stack: RunningStack
) -> None:
    stranger = visit(f"http://127.0.0.1:{front_end}/")
    log_in = {"email": OWNER, "password": PASSWORD}
    with pytest.raises(Error, match="Failed to fetch"):
        fetch(stranger, f"{stack.url}/token/", body=log_in)
    with pytest.raises(Error, match="Failed to fetch"):
        fetch(stranger, f"{stack.url}/me/", Authorization="Bearer of-somebody")
    assert any("blocked by CORS policy" in complaint for complaint in stranger.complaints)
