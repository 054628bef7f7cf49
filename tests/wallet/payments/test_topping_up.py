"""Credits are bought over a provider's page and added by its signed word, once.

The providers' libraries speak to a real HTTP server in place of their API and make the signatures.
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
import stripe
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from tenants.models import Role, Tenant
from tests.fixtures.api import MakeClient
from wallet.models import LedgerEntry, ReceivedPayment, TopUp, Wallet

STRIPE_SECRET = "whsec_a_made_up_secret"
RAZORPAY_SECRET = "a-made-up-webhook-secret"


class FarEnd:
    """Answers as the providers' APIs do; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append((self.path, headers, body))
                answer = json.dumps(outer.answer(self.path)).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        return Handler

    def answer(self, path: str) -> dict[str, Any]:
        if self.status != 200:
            return {"error": {"code": "BAD_REQUEST_ERROR", "description": "No.", "message": "No."}}
        if path == "/v1/checkout/sessions":
            return {
                "id": "cs_test_1",
                "object": "checkout.session",
                "url": "https://checkout.stripe.example/c/1",
            }
        return {"id": "plink_1", "short_url": "https://rzp.example/i/1"}


@pytest.fixture
def far_end(settings: Settings) -> Iterator[FarEnd]:
    end = FarEnd()
    thread = threading.Thread(target=end.server.serve_forever, daemon=True)
    thread.start()
    settings.STRIPE_SECRET_KEY = "sk_test_made_up"
    settings.STRIPE_WEBHOOK_SECRET = STRIPE_SECRET
    settings.STRIPE_BASE_URL = end.url
    settings.RAZORPAY_KEY_ID = "rzp_test_made_up"
    settings.RAZORPAY_KEY_SECRET = "made-up"
    settings.RAZORPAY_WEBHOOK_SECRET = RAZORPAY_SECRET
    settings.RAZORPAY_BASE_URL = end.url
    yield end
    end.server.shutdown()
    end.server.server_close()
    thread.join()


def stripe_call(top_up: str, *, event_id: str = "evt_1", **session: Any) -> dict[str, Any]:
    event = {
        "id": event_id,
        "type": "checkout.session.completed",
        "data": {
            "object": {
                "client_reference_id": top_up,
                "payment_status": "paid",
                "amount_total": 5000,
                "currency": "eur",
                **session,
            }
        },
    }
    text = json.dumps(event)
    at = int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{at}.{text}", STRIPE_SECRET)
    return {
        "path": "/webhooks/stripe/",
        "data": text,
        "headers": {"Stripe-Signature": f"t={at},v1={signature}"},
    }


def razorpay_call(top_up: str, *, event_id: str = "evt_1", **link: Any) -> dict[str, Any]:
    entity = {"id": "plink_1", "reference_id": top_up, "amount_paid": 5000, "currency": "EUR"}
    event = {
        "event": "payment_link.paid",
        "payload": {"payment_link": {"entity": {**entity, **link}}},
    }
    text = json.dumps(event)
    # The library only verifies; this is the signature as Razorpay documents it.
    signature = hmac.new(RAZORPAY_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "path": "/webhooks/razorpay",
        "data": text,
        "headers": {"X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": event_id},
    }


CALLS = {"stripe": stripe_call, "razorpay": razorpay_call}
WRONG_SUM = {"stripe": {"amount_total": 1}, "razorpay": {"amount_paid": 1}}
PROVIDERS = pytest.mark.parametrize("provider", ["stripe", "razorpay"])


@pytest.mark.django_db
@PROVIDERS
def test_a_payment_is_credited_once_by_the_provider_s_word(
    api: MakeClient, anonymous: APIClient, far_end: FarEnd, tenant: Tenant, provider: str
) -> None:
    top_up = _opened(api(Role.ADMIN), provider)
    assert _balance(tenant) == 0
    call = CALLS[provider](top_up)
    assert [_post(anonymous, call) for _ in range(3)] == [200, 200, 200]
    assert _post(anonymous, CALLS[provider](top_up, event_id="evt_2")) == 200

    assert _balance(tenant) == Decimal(50)
    assert TopUp.objects.get().status == "PAID"
    outcomes = ReceivedPayment.objects.order_by("event_id").values_list("outcome", flat=True)
    assert list(outcomes) == ["credited", "credited before"]
    assert LedgerEntry.objects.get().reference == f"payment:{top_up}"


@pytest.mark.django_db
def test_stripe_is_asked_for_the_exact_sum_and_once(api: MakeClient, far_end: FarEnd) -> None:
    top_up = _opened(api(Role.OWNER), "stripe")
    ((path, headers, body),) = far_end.asked
    sent = {name: value[0] for name, value in parse_qs(body.decode()).items()}
    assert path == "/v1/checkout/sessions"
    assert headers["idempotency-key"] == sent["client_reference_id"] == top_up
    assert sent["line_items[0][price_data][unit_amount]"] == "5000"
    assert sent["line_items[0][price_data][currency]"] == "eur"


@pytest.mark.django_db
def test_razorpay_is_asked_for_the_exact_sum(api: MakeClient, far_end: FarEnd) -> None:
    top_up = _opened(api(Role.OWNER), "razorpay")
    ((path, _, body),) = far_end.asked
    sent = json.loads(body)
    assert path == "/v1/payment_links"
    assert (sent["amount"], sent["currency"], sent["reference_id"]) == (5000, "EUR", top_up)
    assert sent["accept_partial"] is False


@pytest.mark.django_db
@PROVIDERS
def test_what_is_not_signed_credits_nothing(
    api: MakeClient,
    anonymous: APIClient,
    far_end: FarEnd,
    tenant: Tenant,
    provider: str,
    settings: Settings,
) -> None:
    top_up = _opened(api(Role.OWNER), provider)
    good = CALLS[provider](top_up)
    forged = {name: value[:-2] + "00" for name, value in good["headers"].items()}
    assert _post(anonymous, {**good, "data": good["data"].replace("5000", "5001")}) == 403
    assert _post(anonymous, {**good, "headers": {}}) == 403
    assert _post(anonymous, {**good, "headers": forged | _event_id(good)}) == 403
    assert _post(anonymous, {**good, "headers": dict.fromkeys(good["headers"], "é")}) == 403
    assert anonymous.get(good["path"]).status_code == 405
    settings.STRIPE_WEBHOOK_SECRET = settings.RAZORPAY_WEBHOOK_SECRET = ""
    assert _post(anonymous, good) == 403
    assert _balance(tenant) == 0
    assert not ReceivedPayment.objects.exists()


@pytest.mark.django_db
@PROVIDERS
@pytest.mark.parametrize("wrong", [{"currency": "jpy"}, "sum"])
def test_another_sum_or_currency_is_disputed(
    api: MakeClient,
    anonymous: APIClient,
    far_end: FarEnd,
    tenant: Tenant,
    provider: str,
    wrong: Any,
) -> None:
    top_up = _opened(api(Role.OWNER), provider)
    fields = WRONG_SUM[provider] if wrong == "sum" else wrong
    assert _post(anonymous, CALLS[provider](top_up, **fields)) == 200
    assert _balance(tenant) == 0
    assert TopUp.objects.get().status == "DISPUTED"


@pytest.mark.django_db
def test_a_session_that_is_not_paid_yet_and_a_stranger_s_credit_nothing(
    api: MakeClient, anonymous: APIClient, far_end: FarEnd, tenant: Tenant
) -> None:
    top_up = _opened(api(Role.OWNER), "stripe")
    assert _post(anonymous, stripe_call(top_up, payment_status="unpaid")) == 200
    assert _post(anonymous, stripe_call("not-ours", event_id="evt_2")) == 200
    assert _post(anonymous, razorpay_call(top_up)) == 200
    assert _balance(tenant) == 0
    assert TopUp.objects.get().status == "OPEN"


@pytest.mark.django_db
def test_a_closed_wallet_is_not_credited_and_somebody_can_see_it(
    api: MakeClient, anonymous: APIClient, far_end: FarEnd, tenant: Tenant
) -> None:
    top_up = _opened(api(Role.OWNER), "stripe")
    Wallet.objects.update(is_active=False)
    assert _post(anonymous, stripe_call(top_up)) == 200
    assert TopUp.objects.get().status == "DISPUTED"


@pytest.mark.django_db(transaction=True)
def test_the_same_event_many_times_at_once_credits_once(
    api: MakeClient, far_end: FarEnd, tenant: Tenant
) -> None:
    top_up = _opened(api(Role.OWNER), "stripe")

    def post(n: int) -> int:
        try:
            return _post(APIClient(), stripe_call(top_up, event_id=f"evt_{n % 2}"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, range(16))) == {200}
    assert _balance(tenant) == Decimal(50)


@pytest.mark.django_db
@PROVIDERS
def test_a_refusal_of_the_provider_is_told(api: MakeClient, far_end: FarEnd, provider: str) -> None:
    far_end.status = 400
    answer = _open(api(Role.OWNER), provider)
    assert answer.status_code == 502
    assert answer.json()["errors"][0]["code"] == "payment_provider_failed"
    assert TopUp.objects.get().status == "FAILED"


@pytest.mark.django_db
@PROVIDERS
def test_without_its_keys_a_provider_is_refused(api: MakeClient, provider: str) -> None:
    answer = _open(api(Role.OWNER), provider)
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["code"] == "payments_not_configured"
    assert not TopUp.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("amount", ["0", "-5", "0.001", "NaN", "1e99", "", None])
def test_a_sum_that_cannot_be_paid_is_refused(
    api: MakeClient, far_end: FarEnd, amount: Any
) -> None:
    assert _open(api(Role.OWNER), "stripe", amount=amount).status_code == 400
    assert far_end.asked == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.VIEWER, Role.MANAGER])
def test_only_owners_and_admins_buy(api: MakeClient, far_end: FarEnd, role: Role) -> None:
    assert _open(api(role), "stripe").status_code == 403


def _open(client: APIClient, provider: str, **fields: Any) -> Any:
    return client.post("/wallet/top-ups/", {"provider": provider, "amount": "50.00", **fields})


def _opened(client: APIClient, provider: str) -> str:
    answer = _open(client, provider)
    assert answer.status_code == 201, answer.data
    assert answer.data["url"].startswith("https://")
    return str(answer.data["id"])


def _post(client: APIClient, call: dict[str, Any]) -> int:
    return client.post(
        call["path"], call["data"], content_type="application/json", headers=call["headers"]
    ).status_code


def _event_id(call: dict[str, Any]) -> dict[str, str]:
    return {name: text for name, text in call["headers"].items() if name.endswith("Id")}


def _balance(tenant: Tenant) -> Decimal:
    return Wallet.objects.get(tenant=tenant).balance
