import logging
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels.providers.registry import ADAPTERS
from config.observing.logs import logging_config
from config.observing.redaction import HIDDEN, redact
from tests.api.routes import Route, all_routes


def cleaned(**event: Any) -> dict[str, Any]:
    return dict(redact(None, "info", event))


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "token",
        "access_token",
        "password",
        "phone",
        "phone_number",
        "to_address",
        "text",
        "credentials",
        "app_secret",
        "Idempotency-Key",
        "variables",
    ],
)
def test_a_secret_key_hides_its_value(name: str) -> None:
    assert cleaned(**{name: "anything"}) == {name: HIDDEN}


def test_ids_and_figures_stay() -> None:
    line = {"event": "batch settled", "broadcast": "0190a0e8", "batch": "7", "accepted": 50}

    assert cleaned(**line) == line


def test_secrets_are_found_at_any_depth() -> None:
    assert cleaned(sender={"id": 1, "extra": [{"token": "x"}]}) == {
        "sender": {"id": 1, "extra": [{"token": HIDDEN}]}
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /contacts/?search=Maier", f"GET /contacts/?{HIDDEN}"),
        ("GET /r/h3Jk9aQ/", f"GET /r/{HIDDEN}/"),
        ("GET /u/h3Jk9aQ", f"GET /u/{HIDDEN}"),
        ("https://x.example/u/h3Jk9aQ/?x=1", f"https://x.example/u/{HIDDEN}/?{HIDDEN}"),
        ("POST /webhooks/msg91/x7Jd83jKLmn20sPqRs", f"POST /webhooks/msg91/{HIDDEN}"),
        ("POST /webhooks/twilio/typo", f"POST /webhooks/twilio/{HIDDEN}"),
        ("POST /webhooks/stripe/", "POST /webhooks/stripe/"),
        ("POST /webhooks/meta/x7Jd83jKLmn20sPqRs/", f"POST /webhooks/meta/{HIDDEN}/"),
        ("no such recipient +436641234567", f"no such recipient {HIDDEN}"),
        (
            "https://api.telegram.org/bot123456789:" + "A" * 35,
            f"https://api.telegram.org/bot{HIDDEN}",
        ),
        ("Authorization: Bearer ey.J0.x", f"Authorization: Bearer {HIDDEN}"),
        ("redis://:hunter2@localhost:6379/0", f"redis://:{HIDDEN}@localhost:6379/0"),
        ("duplicate key\nDETAIL:  Key (phone)=(0664) exists.", f"duplicate key\nDETAIL: {HIDDEN}"),
    ],
)
def test_secrets_within_a_text_are_hidden(text: str, expected: str) -> None:
    assert cleaned(event=text) == {"event": expected}


SECRET = "Zq7Xw2Kd9Lm4Tn8Rv3"
SECRETS_IN_PATHS = {"code", "endpoint_token"}
HARMLESS_IN_PATHS = {
    "app_label",
    "contact_id",
    "content_type_id",
    "entry_id",
    "format",
    "id",
    "object_id",
    "pk",
    "provider",
    "url",
}
"""Arguments of paths that name something and open nothing."""


def test_every_argument_of_a_path_is_known_as_secret_or_harmless() -> None:
    names = {name for route in all_routes() for name in route.arguments}

    assert names <= SECRETS_IN_PATHS | HARMLESS_IN_PATHS
    assert names >= SECRETS_IN_PATHS


@pytest.mark.parametrize(
    "route", [r for r in all_routes() if SECRETS_IN_PATHS & set(r.arguments)], ids=str
)
@pytest.mark.parametrize("provider", sorted(ADAPTERS))
@pytest.mark.parametrize(
    "line",
    [
        "GET {}",
        "https://broadcast.example.com{}",
        "Error handling request {}",
        "GET {}?page=2",
        "{{'path': '{}'}}",
    ],
)
def test_a_secret_in_a_path_is_hidden_on_every_route(
    route: Route, provider: str, line: str
) -> None:
    values = {
        name: provider if name == "provider" else SECRET[: 16 if name == "code" else None]
        for name in route.arguments
    }
    path = reverse(route.name, kwargs=values)
    for spelling in (path, path.rstrip("/")):
        text = cleaned(event=line.format(spelling))["event"]
        assert SECRET[:8] not in text
        assert HIDDEN in text


@pytest.mark.parametrize("provider", sorted(ADAPTERS))
def test_a_request_that_fails_is_logged_without_its_secret(
    provider: str, client: Client, caplog: pytest.LogCaptureFixture, db: None
) -> None:
    caplog.set_level("INFO")
    for path in (f"/r/{SECRET[:16]}/x", f"/u/{SECRET[:16]}/x", f"/webhooks/{provider}/{SECRET}/x"):
        assert client.get(path).status_code == 404

    handler = logging.getLogger().handlers[0]
    lines = [handler.format(record) for record in caplog.records]
    assert len(lines) >= 3
    assert SECRET[:8] not in "".join(lines)
    assert sum(HIDDEN in line for line in lines) >= 3


def fail(code: str) -> None:
    raise ValueError(f"/u/{code}/ failed")


def test_a_traceback_hides_the_path_and_shows_no_local_variable() -> None:
    step = logging_config(level="INFO", pretty=False)["formatters"]["line"]["processors"]
    try:
        fail(SECRET)
    except ValueError as error:
        event: Any = {"event": "x", "exc_info": (type(error), error, error.__traceback__)}
    for processor in step[1:]:
        event = processor(None, "error", event)

    assert SECRET not in event
    assert "ValueError" in event
