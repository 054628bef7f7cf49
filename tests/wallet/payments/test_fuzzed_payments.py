"""Whatever is posted to a payment webhook: no 500, and credits for signed payments only."""

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from tests.inbound.webhooks.fuzzing import JSON, LESS, mutated
from tests.wallet.payments.calls import RAZORPAY_SECRET, SIGNED_HEADERS, STRIPE_SECRET
from wallet.models import LedgerEntry, ReceivedPayment

pytestmark = pytest.mark.django_db
TOP_UP = "0198c0de-0000-7000-8000-000000000001"
BODIES: dict[str, Any] = {
    "stripe": {
        "id": "evt_1",
        "type": "checkout.session.completed",
        "data": {
            "object": {
                "client_reference_id": TOP_UP,
                "payment_status": "paid",
                "amount_total": 5000,
                "currency": "eur",
            }
        },
    },
    "razorpay": {
        "event": "payment_link.paid",
        "payload": {
            "payment_link": {
                "entity": {"reference_id": TOP_UP, "amount_paid": 5000, "currency": "EUR"}
            }
        },
    },
}
HEADERS = st.dictionaries(
    st.sampled_from(("Stripe-Signature", "X-Razorpay-Signature", "X-Razorpay-Event-Id")),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80),
)
providers = pytest.mark.parametrize("provider", sorted(BODIES))


@pytest.fixture(autouse=True)
def configured(settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_made_up"
    settings.STRIPE_WEBHOOK_SECRET = STRIPE_SECRET
    settings.RAZORPAY_KEY_ID = "rzp_test_made_up"
    settings.RAZORPAY_KEY_SECRET = "made-up"
    settings.RAZORPAY_WEBHOOK_SECRET = RAZORPAY_SECRET


def post(provider: str, raw: bytes, headers: dict[str, str]) -> int:
    client = Client(raise_request_exception=False)
    path = f"/webhooks/{provider}/"
    return client.post(path, raw, content_type="application/json", headers=headers).status_code


@providers
@LESS
@given(body=st.one_of(st.binary(max_size=300), JSON), headers=HEADERS)
def test_what_is_not_signed_is_refused(provider: str, body: Any, headers: dict[str, str]) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert post(provider, raw, headers) == 403
    assert not ReceivedPayment.objects.exists()


@providers
@LESS
@given(data=st.data(), event_id=st.text(st.characters(min_codepoint=33, max_codepoint=255)))
def test_what_is_signed_is_taken_or_refused(
    provider: str, data: st.DataObject, event_id: str
) -> None:
    raw = json.dumps(data.draw(mutated(BODIES[provider]))).encode()
    assert post(provider, raw, SIGNED_HEADERS[provider](raw, event_id)) in {200, 403}
    assert not LedgerEntry.objects.exists()


@providers
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"[" * 100_000, id="deep"),
        b'{"id":"evt_1\\u0000","type":"x","event":"x","data":{"object":{}}}',
        b'{"id":"evt_1","type":"x\\u0000","event":"x\\u0000","data":{"object":{}}}',
        b'{"id":"\\ud800","type":"\\ud800","event":"\\ud800","data":{"object":{}}}',
        # An infinite amount.
        (
            b'{"id":"e","type":"checkout.session.completed","event":"payment_link.paid","data":'
            b'{"object":{"payment_status":"paid","amount_total":1e999}},"payload":'
            b'{"payment_link":{"entity":{"amount_paid":1e999}}}}'
        ),
    ],
)
def test_what_a_parser_or_a_text_column_chokes_on(provider: str, raw: bytes) -> None:
    assert post(provider, raw, SIGNED_HEADERS[provider](raw, "evt_2")) in {200, 403}
    assert not LedgerEntry.objects.exists()


@providers
def test_the_bodies_as_they_are_are_taken(provider: str) -> None:
    raw = json.dumps(BODIES[provider]).encode()
    assert post(provider, raw, SIGNED_HEADERS[provider](raw, "evt_1")) == 200
    assert ReceivedPayment.objects.get().outcome == "no such top-up"
