"""The HTTP answer to a provider's call: nothing that the provider would send to a person."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from channels.models import ProviderApp
from channels.providers.registry import ADAPTERS
from inbound.models import ProviderEvent
from tests.factories import ProviderAppFactory
from tests.inbound.webhooks.bodies import BODIES, Form
from tests.inbound.webhooks.signing import signed

pytestmark = pytest.mark.django_db
providers = pytest.mark.parametrize("provider", sorted(ADAPTERS))


def app_of(provider: str) -> ProviderApp:
    names = ADAPTERS[provider].webhook_secret_names
    secrets = {name: f"a-made-up-{name}" for name in names}
    return ProviderAppFactory.create(provider=provider, secrets=secrets)


def test_a_message_over_twilio_is_answered_with_empty_twiml() -> None:
    body = Form(
        Body="When do you open?",
        From="+491701234567",
        To="+14155550100",
        MessageSid="SM1",
        SmsStatus="received",
    )
    app = app_of("twilio")
    answer = Client().post(app.webhook_path, **signed(app, body))
    assert (answer.status_code, answer.content) == (200, b"<Response/>")
    assert answer.headers["Content-Type"] == "text/xml"


@providers
def test_a_stored_call_is_answered_as_the_provider_wants(provider: str) -> None:
    app = app_of(provider)
    for body in BODIES[provider]:
        answer = Client().post(app.webhook_path, **signed(app, body))
        assert answer.status_code == 200
        if provider != "twilio":
            assert answer.content == b""
            assert "Content-Type" not in answer.headers
    assert ProviderEvent.objects.count() == len(BODIES[provider])


@providers
def test_a_refused_call_is_answered_without_a_text(provider: str, settings: Settings) -> None:
    settings.WEBHOOK_MAX_BODY_BYTES = 10
    path = app_of(provider).webhook_path
    calls: list[tuple[int, dict[str, Any]]] = [
        (403, {"path": path, "data": b"{}", "content_type": "application/json"}),
        (413, {"path": path, "data": b"{" * 11, "content_type": "application/json"}),
        (404, {"path": f"/webhooks/{provider}/aaaaaaaaaaaaaaaaaaaaaaaa/"}),
    ]
    for status, call in calls:
        answer = Client().post(**call)
        assert (answer.status_code, answer.content) == (status, b"")
    answer = Client().get(path)
    assert (answer.status_code, answer.content) == (403, b"")


def test_three_megabytes_of_statuses_are_taken() -> None:
    app = app_of("meta_cloud")
    errors = [{"code": 131026, "title": "Undeliverable", "error_data": {"details": "x" * 2600}}]
    statuses = [
        {"id": f"wamid.{number}", "status": "failed", "timestamp": "1767225600", "errors": errors}
        for number in range(1000)
    ]
    change = {"field": "messages", "value": {"statuses": statuses}}
    call = signed(app, {"entry": [{"id": "1", "changes": [change]}]})
    assert len(call["data"]) > 2_700_000
    assert Client().post(app.webhook_path, **call).status_code == 200
    assert len(ProviderEvent.objects.get().body) == len(call["data"])
