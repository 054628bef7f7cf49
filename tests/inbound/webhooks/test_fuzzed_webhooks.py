"""Whatever is posted to an endpoint: no 500, no unsigned call stored, no event stuck."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from channels.models import ProviderApp
from channels.providers.registry import ADAPTERS
from inbound.applying.applying import apply_block
from inbound.models import EventStatus, ProviderEvent
from inbound.webhooks.storing import store
from tests.factories import ProviderAppFactory, SenderFactory
from tests.inbound.corpus.calls import cases_of
from tests.inbound.webhooks.bodies import BODIES, Form, encoded
from tests.inbound.webhooks.fuzzing import JSON, LESS, LITTLE, mutated
from tests.inbound.webhooks.signing import signed

pytestmark = pytest.mark.django_db

HEADERS = st.dictionaries(
    st.sampled_from(
        (
            "X-Hub-Signature-256",
            "X-Telegram-Bot-Api-Secret-Token",
            "X-Twilio-Signature",
            "X-Goog-Signature",
            "Authorization",
            "Content-Type",
        )
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
    max_size=4,
)
STARTS = {
    provider: [*bodies, *(case["body"] for case in cases_of(provider))]
    for provider, bodies in BODIES.items()
}
FINAL = {EventStatus.APPLIED, EventStatus.PARTLY, EventStatus.FAILED}
providers = pytest.mark.parametrize("provider", sorted(ADAPTERS))


def app_of(provider: str) -> ProviderApp:
    names = ADAPTERS[provider].webhook_secret_names
    app = ProviderAppFactory.create(
        provider=provider, secrets={name: f"a-made-up-{name}" for name in names}
    )
    SenderFactory.create(
        tenant=app.tenant,
        app=app,
        provider=provider,
        platform=next(iter(ADAPTERS[provider].platforms)),
    )
    return app


def test_every_provider_has_bodies_to_start_from() -> None:
    assert set(BODIES) == set(ADAPTERS)


@providers
@LITTLE
@given(body=st.one_of(st.binary(max_size=300), JSON), headers=HEADERS, query=st.text(max_size=30))
def test_nothing_is_stored_unsigned(
    provider: str, body: Any, headers: dict[str, str], query: str
) -> None:
    app = ProviderApp.objects.filter(provider=provider).first() or app_of(provider)
    answer = Client(raise_request_exception=False).post(
        app.webhook_path,
        encoded(body),
        content_type=headers.pop("Content-Type", "application/json"),
        headers=headers,
        query_params={"message_id": query, "token": query},
    )
    assert answer.status_code in {400, 401, 403, 413}
    assert not ProviderEvent.objects.exists()


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("google_rbm", {"clientToken": "\ud800", "secret": "x"}),
        ("vonage", {"sig": "\ud800" * 64, "timestamp": "1"}),
        ("vonage", {"sig": "a" * 64, "timestamp": "1", "text": "\ud800"}),
    ],
)
def test_half_a_surrogate_pair_is_no_signature(provider: str, body: dict[str, str]) -> None:
    answer = Client(raise_request_exception=False).post(
        app_of(provider).webhook_path, encoded(body), content_type="application/json"
    )
    assert answer.status_code == 403


def test_half_a_surrogate_pair_that_is_signed_is_stored_and_applied() -> None:
    app = app_of("vonage")
    body = {"msisdn": "491701234567", "to": "1", "messageId": "v1", "text": "STOP \ud800"}
    answer = Client(raise_request_exception=False).post(app.webhook_path, **signed(app, body))
    assert answer.status_code == 200
    apply_block(now=timezone.now())
    assert ProviderEvent.objects.get().status == EventStatus.APPLIED


@providers
@LESS
@given(
    data=st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=5),
    query=st.dictionaries(
        st.sampled_from(("hub.mode", "hub.verify_token", "hub.challenge", "token", "x")),
        st.text(max_size=20),
    ),
)
def test_no_form_and_no_question_is_an_error_of_ours(
    provider: str, data: dict[str, str], query: dict[str, str]
) -> None:
    app = ProviderApp.objects.filter(provider=provider).first() or app_of(provider)
    client = Client(raise_request_exception=False)
    form = encoded(Form(data))
    posted = client.post(
        app.webhook_path,
        form,
        content_type="application/x-www-form-urlencoded",
        query_params=query,
    )
    assert posted.status_code == 403
    assert client.get(app.webhook_path, query_params=query).status_code == 403
    assert not ProviderEvent.objects.exists()


@providers
@LESS
@given(data=st.data())
def test_whatever_is_signed_is_stored_and_applied_or_set_aside(
    provider: str, data: st.DataObject
) -> None:
    app = ProviderApp.objects.filter(provider=provider).first() or app_of(provider)
    ProviderEvent.objects.all().delete()
    start = data.draw(st.sampled_from(STARTS[provider]))
    body = data.draw(st.one_of(mutated(start), JSON))
    answer = Client(raise_request_exception=False).post(app.webhook_path, **signed(app, body))
    assert answer.status_code == 200
    apply_block(now=timezone.now())
    for event in ProviderEvent.objects.all():
        assert event.status in FINAL, event.error


@providers
@LITTLE
@given(data=st.data())
def test_a_stored_event_is_applied_or_set_aside_whatever_is_in_it(
    provider: str, data: st.DataObject
) -> None:
    app = ProviderApp.objects.filter(provider=provider).first() or app_of(provider)
    ProviderEvent.objects.all().delete()
    start = data.draw(st.sampled_from(STARTS[provider]))
    body = encoded(data.draw(mutated(start)))
    key = ADAPTERS[provider].webhook.event_key(body)
    store(app=app, event_key=key, body=body, now=timezone.now())
    apply_block(now=timezone.now())
    event = ProviderEvent.objects.get()
    assert event.status in FINAL, event.error


@providers
@pytest.mark.parametrize("number", range(3))
def test_the_bodies_as_they_are_are_applied(provider: str, number: int) -> None:
    bodies = BODIES[provider]
    body = encoded(bodies[number % len(bodies)])
    store(app=app_of(provider), event_key="", body=body, now=timezone.now())
    apply_block(now=timezone.now())
    assert ProviderEvent.objects.get().status == EventStatus.APPLIED
