"""`/senders/` as clients see them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from channels.models import Sender
from tenants.models import Role, Tenant
from tests.factories import ProviderAppFactory, SenderFactory

NUMBER = {
    "name": "Shop",
    "platform": "WHATSAPP",
    "provider": "meta_cloud",
    "address": "+15550009999",
    "account_id": "106540352242922",
    "business_account_id": "100000000000001",
    "credentials": {"access_token": "EAA-made-up"},
}


def test_an_owner_makes_a_sender_in_the_tenants_currency(owner: APIClient, tenant: Tenant) -> None:
    answer = owner.post("/senders/", {**NUMBER, "batch_delay": "0.5", "lanes": 2})

    assert answer.status_code == 201, answer.json()
    sender = Sender.objects.get()
    assert (sender.tenant, sender.currency, sender.lanes) == (tenant, tenant.currency, 2)
    assert sender.credentials == {"access_token": "EAA-made-up"}
    assert answer.json()["marketing_price"] == "0.000000"


def test_credentials_go_in_and_never_come_out(owner: APIClient) -> None:
    created = owner.post("/senders/", NUMBER)
    detail, page = owner.get(f"/senders/{created.json()['id']}/"), owner.get("/senders/")

    assert b"EAA-made-up" not in created.content + detail.content + page.content
    assert "credentials" not in detail.json()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.VIEWER])
def test_only_owners_and_admins_make_senders(api: Callable[..., APIClient], role: Role) -> None:
    assert api(role).post("/senders/", NUMBER).status_code == 403
    assert not Sender.objects.exists()


def test_a_manager_sets_limits_but_not_credentials(manager: APIClient, tenant: Tenant) -> None:
    sender = SenderFactory.create(tenant=tenant)
    url = f"/senders/{sender.pk}/"

    assert manager.patch(url, {"daily_limit": 100}).json()["daily_limit"] == 100
    for field in ({"credentials": {"bot_token": "1:x"}}, {"account_id": "2"}, {"address": "@x"}):
        assert manager.patch(url, field).status_code == 403
    sender.refresh_from_db()
    assert sender.credentials["bot_token"].startswith(f"{sender.account_id}:AA")
    assert sender.account_id != "2"


def test_prices_and_the_base_url_are_not_the_tenants_to_set(
    owner: APIClient, tenant: Tenant
) -> None:
    sender = SenderFactory.create(tenant=tenant)
    body = {"marketing_price": "9", "base_url": "http://evil.example", "currency": "USD"}

    answer = owner.patch(f"/senders/{sender.pk}/", body)

    assert answer.status_code == 400
    errors = answer.json()["errors"]
    assert {(error["code"], error["attr"]) for error in errors} == {
        ("read_only", name) for name in body
    }
    sender.refresh_from_db()
    assert sender.marketing_price == 0
    assert (sender.base_url, sender.currency) == ("", "EUR")


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"credentials": {}}, "credentials"),
        ({"credentials": {"access_token": "x", "bot_token": "y"}}, "credentials"),
        ({"credentials": {"access_token": "  "}}, "credentials"),
        ({"credentials": {"access_token": 7.5, "more": []}}, "credentials.more"),
        ({"credentials": "EAA"}, "credentials"),
        ({"credentials": None}, "credentials"),
        ({"provider": "nobody"}, "provider"),
        ({"provider": ["meta_cloud"]}, "provider"),
        ({"platform": "TELEGRAM"}, "provider"),
        ({"platform": "FAX"}, "platform"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 10**9}, "batch_size"),
        ({"batch_delay": "-1"}, "batch_delay"),
        ({"batch_delay": "NaN"}, "batch_delay"),
        ({"messages_per_second": "0"}, "messages_per_second"),
        ({"messages_per_second": "1e30"}, "messages_per_second"),
        ({"daily_limit": 2**40}, "daily_limit"),
        ({"lanes": 0}, "lanes"),
        ({"app": "0197a000-0000-7000-8000-000000000000"}, "app"),
        ({"send_window": {"days": [8], "from": "09:00", "to": "20:00"}}, "send_window.days"),
        ({"send_window": {"days": [[1]], "from": "09:00", "to": "20:00"}}, "send_window.days"),
        ({"send_window": {"days": [1], "from": "9", "to": "20:00"}}, "send_window.from"),
        ({"send_window": {"days": [1], "from": "09:00", "to": "09:00"}}, "send_window.to"),
        (
            {"send_window": {"days": [1], "from": "09:00", "to": "10:00", "time_zone": ["x"]}},
            "send_window.time_zone",
        ),
        ({"send_window": 7}, "send_window"),
    ],
)
def test_what_cannot_work_is_refused(owner: APIClient, change: dict[str, Any], attr: str) -> None:
    answer = owner.post("/senders/", {**NUMBER, **change})

    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == [attr]
    assert not Sender.objects.exists()


BOT = {
    "name": "Bot",
    "platform": "TELEGRAM",
    "provider": "telegram_bot",
    "address": "@shop_bot",
    "account_id": "4711",
    "credentials": {"bot_token": "4711:AAbbccddeeffgghhiijjkkllmmnnooppqqr"},
}


@pytest.mark.parametrize("account", ["4712", "@shop_bot", BOT["credentials"]["bot_token"]])  # type: ignore[index]
def test_a_bots_account_is_its_tokens(owner: APIClient, account: str) -> None:
    answer = owner.post("/senders/", {**BOT, "account_id": account})

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["attr"] == "account_id"
    assert error["detail"] == "The credentials are for 4711; account_id has to be the same."
    assert owner.post("/senders/", BOT).status_code == 201


@pytest.mark.parametrize(
    "change",
    [{"account_id": "4712"}, {"credentials": {"bot_token": "4712:AA"}}, {"account_id": ""}],
)
def test_a_bot_does_not_become_half_another(owner: APIClient, change: dict[str, Any]) -> None:
    url = f"/senders/{owner.post('/senders/', BOT).json()['id']}/"
    both = {"account_id": "4712", "credentials": {"bot_token": "4712:AA"}}

    assert owner.patch(url, change).json()["errors"][0]["attr"] == "account_id"
    assert owner.patch(url, both).status_code == 200


def test_a_token_without_an_id_is_not_repeated(owner: APIClient) -> None:
    answer = owner.post("/senders/", {**BOT, "credentials": {"bot_token": "secret"}})

    assert answer.json()["errors"][0]["attr"] == "credentials"
    assert b"secret" not in answer.content


def test_missing_credentials_are_named_and_their_values_are_not_repeated(
    owner: APIClient,
) -> None:
    answer = owner.post("/senders/", {**NUMBER, "credentials": {"token": "very-secret"}})

    error = answer.json()["errors"][0]
    assert (error["code"], error["data"]["missing"], error["data"]["surplus"]) == (
        "secrets_wrong",
        ["access_token"],
        ["token"],
    )
    assert b"very-secret" not in answer.content


def test_another_tenants_app_is_unknown(owner: APIClient) -> None:
    foreign = ProviderAppFactory.create()

    assert owner.post("/senders/", {**NUMBER, "app": str(foreign.pk)}).status_code == 400


def test_an_app_of_another_provider_is_refused(owner: APIClient, tenant: Tenant) -> None:
    app = ProviderAppFactory.create(tenant=tenant, provider="telegram_bot")

    answer = owner.post("/senders/", {**NUMBER, "app": str(app.pk)})

    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "app")


def test_platform_and_provider_are_fixed(owner: APIClient, tenant: Tenant) -> None:
    url = f"/senders/{SenderFactory.create(tenant=tenant).pk}/"

    assert owner.patch(url, {"provider": "meta_cloud"}).status_code == 400
    assert owner.patch(url, {"platform": "SMS"}).status_code == 400


def test_a_tenant_has_one_active_sender_an_account(owner: APIClient) -> None:
    first = owner.post("/senders/", NUMBER).json()["id"]

    assert owner.post("/senders/", NUMBER).json()["errors"][0]["code"] == "account_taken"
    assert owner.post(f"/senders/{first}/deactivate/").json()["is_active"] is False
    assert owner.post("/senders/", NUMBER).status_code == 201
    assert owner.post(f"/senders/{first}/activate/").status_code == 409


def test_one_default_per_platform(owner: APIClient, tenant: Tenant) -> None:
    old = SenderFactory.create(tenant=tenant, is_default=True)
    new = SenderFactory.create(tenant=tenant)

    assert owner.patch(f"/senders/{new.pk}/", {"is_default": True}).status_code == 200
    assert owner.post("/senders/", {**NUMBER, "is_default": True}).status_code == 201
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.is_default, new.is_default) == (False, True)


def test_a_deactivated_sender_is_no_default(owner: APIClient, tenant: Tenant) -> None:
    sender = SenderFactory.create(tenant=tenant, is_default=True)

    answer = owner.post(f"/senders/{sender.pk}/deactivate/")
    again = owner.patch(f"/senders/{sender.pk}/", {"is_default": True})

    assert (answer.json()["is_active"], answer.json()["is_default"]) == (False, False)
    assert again.status_code == 400


def test_a_page_of_senders_costs_the_same_for_any_number(owner: APIClient, tenant: Tenant) -> None:
    costs = []
    for more in (2, 20):
        SenderFactory.create_batch(
            more, tenant=tenant, app=ProviderAppFactory.create(tenant=tenant)
        )
        with CaptureQueriesContext(connection) as statements:
            assert owner.get("/senders/").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 4


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("platform=TELEGRAM", 1),
        ("platform=SMS", 0),
        ("is_default=true", 1),
        ("is_broken=true", 0),
        ("search=bot", 1),
    ],
)
def test_the_list_is_narrowed(owner: APIClient, tenant: Tenant, query: str, count: int) -> None:
    SenderFactory.create(tenant=tenant, is_default=True)

    assert owner.get(f"/senders/?{query}").json()["count"] == count
