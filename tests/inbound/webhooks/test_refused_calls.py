"""A refused call leaves only a count; without Redis, calls are refused all the same."""

from collections.abc import Callable

import pytest
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from api import refused_calls as module
from api.refused_calls import NOT_SIGNED, TOO_LARGE, UNKNOWN_ENDPOINT, refused_calls
from channels.providers.registry import ADAPTERS
from inbound.models import ProviderEvent
from tests.factories import ProviderAppFactory

pytestmark = pytest.mark.django_db
Call = Callable[[], HttpResponseBase]


@pytest.fixture
def counted() -> Callable[[Call], dict[tuple[str, str], int]]:
    """Returns what a call adds to the counts."""

    def count(call: Call) -> dict[tuple[str, str], int]:
        before = refused_calls()
        call()
        return {
            name: number - before.get(name, 0)
            for name, number in refused_calls().items()
            if number != before.get(name, 0)
        }

    return count


@pytest.mark.parametrize("provider", sorted(ADAPTERS))
def test_every_endpoint_counts_what_it_refuses(
    provider: str, counted: Callable[[Call], dict[tuple[str, str], int]], settings: Settings
) -> None:
    settings.WEBHOOK_MAX_BODY_BYTES = 10
    client, path = Client(), ProviderAppFactory.create(provider=provider).webhook_path
    post = lambda body: client.post(path, body, content_type="application/json")  # noqa: E731
    assert counted(lambda: post(b"{}")) == {(provider, NOT_SIGNED): 1}
    assert counted(lambda: post(b"{" * 11)) == {(provider, TOO_LARGE): 1}
    assert counted(lambda: client.get(path)) == {(provider, NOT_SIGNED): 1}
    elsewhere = f"/webhooks/{provider}/aaaaaaaaaaaaaaaaaaaaaaaa/"
    assert counted(lambda: client.post(elsewhere)) == {(provider, UNKNOWN_ENDPOINT): 1}
    assert not ProviderEvent.objects.exists()


@pytest.mark.parametrize("provider", ["stripe", "razorpay"])
def test_payments_count_what_they_refuse(
    provider: str, counted: Callable[[Call], dict[tuple[str, str], int]], settings: Settings
) -> None:
    settings.WEBHOOK_MAX_BODY_BYTES = 10
    client, path = Client(), f"/webhooks/{provider}/"
    post = lambda body: client.post(path, body, content_type="application/json")  # noqa: E731
    assert counted(lambda: post(b"{}")) == {(provider, NOT_SIGNED): 1}
    assert counted(lambda: post(b"{" * 11)) == {(provider, TOO_LARGE): 1}


def test_a_name_that_a_stranger_made_up_is_no_series(
    counted: Callable[[Call], dict[tuple[str, str], int]],
) -> None:
    path = "/webhooks/pigeon/aaaaaaaaaaaaaaaaaaaaaaaa/"
    assert counted(lambda: Client().post(path)) == {("unknown", UNKNOWN_ENDPOINT): 1}


def test_the_counts_are_in_the_metrics() -> None:
    Client().post("/webhooks/stripe/", b"{}", content_type="application/json")
    count = refused_calls()["stripe", NOT_SIGNED]
    name = "broadcast_webhook_calls_refused_total"
    line = f'{name}{{provider="stripe",reason="not_signed"}} {float(count)}'
    assert line in Client().get("/metrics").text.splitlines()


def test_without_redis_a_call_is_refused_and_nothing_is_said_of_counts(
    settings: Settings,
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    module._client.cache_clear()
    try:
        answer = Client().post("/webhooks/stripe/", b"{}", content_type="application/json")
        metrics = Client().get("/metrics")
    finally:
        module._client.cache_clear()
    assert (answer.status_code, metrics.status_code) == (403, 200)
    assert "broadcast_webhook_calls_refused_total" not in metrics.text
    assert "broadcast_events_waiting" in metrics.text


@pytest.mark.parametrize("length", ["\u00b2", "9" * 5000, "-1", "1e3"])
def test_a_length_that_is_no_number_is_too_large(length: str) -> None:
    app = ProviderAppFactory.create()

    answer = Client(raise_request_exception=False).generic(
        "POST", app.webhook_path, b"{}", content_type="application/json", CONTENT_LENGTH=length
    )

    assert answer.status_code == 413
    assert not ProviderEvent.objects.exists()
