"""No request of a tenant's user moves money or changes a price, over every route and role.

The tests are generated from the URL table. Bodies hold every field name that money has anywhere,
beside the fields that the routes need. Clients are members of the tenant and of another one.
"""

import json
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from broadcast.models import BroadcastMessage, ChargeLine
from broadcast.states import ChargeState
from channels.models import Sender
from tenants.models import Role, Tenant
from tests.api.all_routes import ROUTES, object_id
from tests.api.routes import SAFE, Route
from tests.factories import BroadcastMessageFactory, ContactFactory, SenderFactory
from tests.fixtures.api import MakeClient
from wallet.ledger.ledger import wallet_of
from wallet.models import Hold, LedgerEntry, Rate, Wallet

CALLS = [
    pytest.param(route, method, id=f"{method} {route}")
    for route in ROUTES
    for method in route.methods
    if method not in SAFE
]
MONEY: dict[str, Any] = {
    "balance": "9999",
    "held": "0",
    "credit_line": "9999",
    "available": "9999",
    "balance_delta": "9999",
    "is_active": True,
    "price": "0.000001",
    "unit_price": "0.000001",
    "marketing_price": "0.000001",
    "utility_price": "0.000001",
    "authentication_price": "0.000001",
    "currency": "XXX",
    "rate_id": str(uuid4()),
    "charge_state": "REFUNDED",
    "segments": 0,
    "cost": "0",
    "captured": "0",
    "status": "PAID",
    "minor_units": 1,
    "hold_revision": 99,
    "wallet": {"balance": "9999"},
    "counters": {"cost": "0"},
}
ASKED_FOR: dict[str, Any] = {
    "name": "X",
    "platform": "TELEGRAM",
    "provider": "telegram_bot",
    "text": "Hello",
    "first_name": "X",
    "address": "@x",
    "account_id": "4711",
    "credentials": {"bot_token": "4711:AAbbccddeeffgghhiijjkkllmmnnooppqqr"},
    "amount": "50",
    "scheduled_at": "2099-01-01T00:00:00Z",
    "action": "fail",
    "language": "en",
    "category": "UTILITY",
    "body": "Hello",
    "reason": "x",
}


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_no_user_moves_money(api: MakeClient, tenant: Tenant, route: Route, method: str) -> None:
    wallet_of(tenant)
    SenderFactory.create(tenant=tenant, marketing_price=1)
    BroadcastMessageFactory.create(tenant=tenant, price=1, charge_state=ChargeState.CAPTURED)
    contact = ContactFactory.create(tenant=tenant)
    bodies = [
        {**ASKED_FOR, **MONEY, "recipients": [str(contact.pk)]},
        {**MONEY, "name": "Y"},
        ASKED_FOR,
    ]
    clients = [*(api(role) for role in Role), api(Role.OWNER, tenant=_a_stranger(tenant))]
    url = route.url(object_id(route, tenant))
    before = _money()
    for client in clients:
        for body in bodies:
            response = _send_what_is_known(client, method, url, body)
            assert response.status_code < 500 or response.status_code == 503
        _assert_untouched(before)


def _send_what_is_known(client: APIClient, method: str, url: str, body: dict[str, Any]) -> Any:
    """Sends the body again without the fields that the route refuses as unknown or read-only."""
    while True:
        response = client.generic(method.upper(), url, json.dumps(body), "application/json")
        errors = json.loads(response.content or "{}").get("errors", ())
        unknown = {
            error["attr"] for error in errors if error["code"] in {"unknown_field", "read_only"}
        }
        if not unknown:
            return response
        assert unknown <= body.keys()
        body = {name: value for name, value in body.items() if name not in unknown}


def _money() -> dict[str, Any]:
    return {
        "wallets": list(
            Wallet.objects.order_by("id").values("id", "balance", "held", "credit_line")
        ),
        "entries": list(LedgerEntry.objects.order_by("id").values()),
        "holds": list(Hold.objects.order_by("id").values()),
        "rates": list(Rate.objects.order_by("id").values()),
        "lines": ChargeLine.objects.count(),
        "senders": {row[0]: row[1:] for row in Sender.objects.values_list("id", *PRICES)},
        "messages": {
            row[0]: row[1:] for row in BroadcastMessage.objects.values_list("id", *CHARGE)
        },
    }


PRICES = ("marketing_price", "utility_price", "authentication_price")
CHARGE = ("price", "charge_state", "rate_id")


def _assert_untouched(before: dict[str, Any]) -> None:
    after = _money()
    senders, messages = after.pop("senders"), after.pop("messages")
    assert after == {name: before[name] for name in after}
    for pk, prices in senders.items():
        assert prices == before["senders"].get(pk, (0, 0, 0))
    for pk, charge in messages.items():
        assert charge == before["messages"].get(pk, (0, "", None))


def _a_stranger(tenant: Tenant) -> Tenant:
    stranger = Tenant.objects.create(name="Other", slug="other")
    wallet_of(stranger)
    return stranger
