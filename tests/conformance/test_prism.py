"""The provider's spec allows every request, and adapters understand the spec's answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from channels.http import client as http
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.outcomes import OutcomeKind
from channels.providers.error_rules import json_object
from channels.providers.registry import adapter_for
from tests.conformance.conftest import SPECS
from tests.conformance.corpus import requests

REQUESTS = [(provider, name) for provider in SPECS for name in requests(provider, "http://x.test")]
PROOF = "Prism: requests"


def exchange(request: HttpRequest, prefer: str = "") -> HttpResponse:
    headers = {**request.headers, **({"Prefer": prefer} if prefer else {})}
    answer = http.start(replace(request, headers=headers), timeout=10).result(timeout=15)
    assert isinstance(answer, HttpResponse), answer
    return answer


def violations(answer: HttpResponse) -> list[Any]:
    """The request's violations; an answer's example that violates its spec does not count."""
    problems = json_object(answer.body).get("validation", [])
    return [problem for problem in problems if problem["location"][0] != "response"]


@pytest.mark.parametrize(
    ("provider", "name"), REQUESTS, ids=[f"{provider}: {name}" for provider, name in REQUESTS]
)
def test_the_spec_allows_the_request(
    prism_url: Callable[[str], str], provider: str, name: str, proven: Callable[[str, str], None]
) -> None:
    answer = exchange(requests(provider, prism_url(provider))[name])
    assert violations(answer) == []
    if provider == "twilio" and name in ("check", "look up"):
        assert b"errors#VIOLATIONS" in answer.body  # the example's `uri` is not a complete URI
        return proven(provider, PROOF)
    assert answer.status in (200, 201), answer.body[:2000]
    assert "sl-violations" not in {key.lower() for key in answer.headers}, answer.headers
    if name not in ("check", "setWebhook") and not name.startswith("manage: "):
        outcome = adapter_for(provider).send_outcome(answer)
        assert outcome.kind is OutcomeKind.ACCEPTED
        assert outcome.provider_message_id
    return proven(provider, PROOF)


@pytest.mark.parametrize(
    ("provider", "broken"),
    [
        ("twilio", {"form": {"From": "+1"}}),
        ("google_rbm", {"json": {"contentMessage": {"txt": "Hi"}}}),
        ("telegram_bot", {"json": {"chat_id": 42}}),
        ("meta_cloud", {"json": {"to": "1"}}),
    ],
)
def test_the_spec_refuses_a_broken_request(
    prism_url: Callable[[str], str], provider: str, broken: dict[str, Any]
) -> None:
    answer = exchange(replace(requests(provider, prism_url(provider))[FIRST[provider]], **broken))
    assert answer.status in (400, 422)


FIRST = {"twilio": "sms text"} | dict.fromkeys(("meta_cloud", "telegram_bot", "google_rbm"), "text")

ERRORS = [
    ("telegram_bot", "code=400, example=chat_not_found", "permanent", "recipient_unreachable"),
    ("telegram_bot", "code=400, example=migrated", "passing", "recipient_moved"),
    ("telegram_bot", "code=400, example=empty", "permanent", "content_refused"),
    ("telegram_bot", "code=400, example=entities", "permanent", "content_refused"),
    ("telegram_bot", "code=401", "permanent", "sender_unauthorized"),
    ("telegram_bot", "code=403, example=blocked", "permanent", "opted_out"),
    ("telegram_bot", "code=403, example=deactivated", "permanent", "recipient_gone"),
    ("telegram_bot", "code=403, example=kicked", "permanent", "recipient_unreachable"),
    ("telegram_bot", "code=429", "limited", "rate_limited"),
    ("google_rbm", "code=400", "permanent", "content_refused"),
    ("google_rbm", "code=401", "permanent", "sender_unauthorized"),
    ("google_rbm", "code=403", "permanent", "route_refused"),
    ("google_rbm", "code=404", "permanent", "recipient_unreachable"),
    ("google_rbm", "code=429", "limited", "rate_limited"),
    ("google_rbm", "code=500", "unknown", "provider_unavailable"),
    ("google_rbm", "code=503", "unknown", "provider_unavailable"),
]


@pytest.mark.parametrize(
    ("provider", "prefer", "kind", "code"),
    ERRORS,
    ids=[f"{provider}: {prefer}" for provider, prefer, *_ in ERRORS],
)
def test_the_specs_errors_are_understood(
    prism_url: Callable[[str], str],
    provider: str,
    prefer: str,
    kind: str,
    code: str,
    proven: Callable[[str, str], None],
) -> None:
    answer = exchange(requests(provider, prism_url(provider))["text"], prefer)
    outcome = adapter_for(provider).send_outcome(answer)
    assert (outcome.kind, outcome.code) == (kind, code), answer.body
    proven(provider, "Prism: errors")
