from typing import Any

import pytest

from config.observing.redaction import HIDDEN, redact


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
