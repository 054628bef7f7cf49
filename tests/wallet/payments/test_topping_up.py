"""Credits are bought on a provider's page; its signed call adds them, once.

The providers' libraries call a local HTTP server in place of the API and make the signatures.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from tenants.models import Role, Tenant
from tests.fixtures.api import MakeClient
from tests.wallet.payments.calls import razorpay_call, stripe_call
from tests.wallet.payments.provider_api import ProviderApi
from wallet.models import LedgerEntry, ReceivedPayment, TopUp, Wallet

CALLS = {"stripe": stripe_call, "razorpay": razorpay_call}
WRONG_SUM = {"stripe": {"amount_total": 1}, "razorpay": {"amount_paid": 1}}
PROVIDERS = pytest.mark.parametrize("provider", ["stripe", "razorpay"])


@pytest.mark.django_db
@PROVIDERS
def test_a_payment_is_credited_once_by_the_provider_s_word(
    api: MakeClient, anonymous: APIClient, provider_api: ProviderApi, tenant: Tenant, provider: str
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
def test_stripe_is_asked_for_the_exact_sum_and_once(
    api: MakeClient, provider_api: ProviderApi
) -> None:
    top_up = _opened(api(Role.OWNER), "stripe")
    ((path, headers, body),) = provider_api.asked
    sent = {name: value[0] for name, value in parse_qs(body.decode()).items()}
    assert path == "/v1/checkout/sessions"
    assert headers["idempotency-key"] == sent["client_reference_id"] == top_up
    assert sent["line_items[0][price_data][unit_amount]"] == "5000"
    assert sent["line_items[0][price_data][currency]"] == "eur"


@pytest.mark.django_db
def test_razorpay_is_asked_for_the_exact_sum(api: MakeClient, provider_api: ProviderApi) -> None:
    top_up = _opened(api(Role.OWNER), "razorpay")
    ((path, _, body),) = provider_api.asked
    sent = json.loads(body)
    assert path == "/v1/payment_links"
    assert (sent["amount"], sent["currency"], sent["reference_id"]) == (5000, "EUR", top_up)
    assert sent["accept_partial"] is False


@pytest.mark.django_db
@PROVIDERS
def test_what_is_not_signed_credits_nothing(
    api: MakeClient,
    anonymous: APIClient,
    provider_api: ProviderApi,
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
    provider_api: ProviderApi,
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
    api: MakeClient, anonymous: APIClient, provider_api: ProviderApi, tenant: Tenant
) -> None:
    top_up = _opened(api(Role.OWNER), "stripe")
    assert _post(anonymous, stripe_call(top_up, payment_status="unpaid")) == 200
    assert _post(anonymous, stripe_call("not-ours", event_id="evt_2")) == 200
    assert _post(anonymous, razorpay_call(top_up)) == 200
    assert _balance(tenant) == 0
    assert TopUp.objects.get().status == "OPEN"


@pytest.mark.django_db
def test_a_closed_wallet_is_not_credited_and_somebody_can_see_it(
    api: MakeClient, anonymous: APIClient, provider_api: ProviderApi, tenant: Tenant
) -> None:
    top_up = _opened(api(Role.OWNER), "stripe")
    Wallet.objects.update(is_active=False)
    assert _post(anonymous, stripe_call(top_up)) == 200
    assert TopUp.objects.get().status == "DISPUTED"


@pytest.mark.django_db(transaction=True)
def test_the_same_event_many_times_at_once_credits_once(
    api: MakeClient, provider_api: ProviderApi, tenant: Tenant
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
def test_a_refusal_of_the_provider_is_told(
    api: MakeClient, provider_api: ProviderApi, provider: str
) -> None:
    provider_api.status = 400
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
    api: MakeClient, provider_api: ProviderApi, amount: Any
) -> None:
    assert _open(api(Role.OWNER), "stripe", amount=amount).status_code == 400
    assert provider_api.asked == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.VIEWER, Role.MANAGER])
def test_only_owners_and_admins_buy(api: MakeClient, provider_api: ProviderApi, role: Role) -> None:
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
