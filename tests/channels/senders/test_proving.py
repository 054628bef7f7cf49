"""An account belongs to the sender whose credentials passed a check; nobody else is kept out."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from channels.models import Sender
from channels.platforms import Platform
from channels.providers.registry import ADAPTERS, adapter_for
from channels.senders.checking import check_sender
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.channels.providers.samples import service_account
from tests.factories import SenderFactory, TenantFactory

TOKEN = "4711:AAbbccddeeffgghhiijjkkllmmnnooppqqr"
BOT: dict[str, Any] = {
    "name": "Bot",
    "platform": "TELEGRAM",
    "provider": "telegram_bot",
    "address": "@shop_bot",
    "account_id": "4711",
    "credentials": {"bot_token": TOKEN},
}
WRONG_BOT: dict[str, Any] = {**BOT, "credentials": {"bot_token": "4711:made-up-revoked"}}
SID = "AC" + "1" * 32
ACCOUNTS: Mapping[str, tuple[str, Platform, dict[str, str], dict[str, str]]] = {
    "meta_cloud": (
        "106540352242922",
        Platform.WHATSAPP,
        {"access_token": "EAA-right"},
        {"access_token": "revoked-made-up"},
    ),
    "telegram_bot": (
        "4711",
        Platform.TELEGRAM,
        {"bot_token": TOKEN},
        {"bot_token": "4711:revoked"},
    ),
    "google_rbm": (
        "brand_abc_agent",
        Platform.RCS,
        {"service_account": service_account()},
        {"service_account": service_account("revoked")},
    ),
    "twilio": (
        "+14155550100",
        Platform.SMS,
        {"account_sid": SID, "auth_token": "right"},
        {"account_sid": SID, "auth_token": "revoked"},
    ),
    "vonage": (
        "14155550100",
        Platform.SMS,
        {"api_key": "k1", "api_secret": "right"},
        {"api_key": "k1", "api_secret": "revoked"},
    ),
    "msg91": ("ACMEIN", Platform.SMS, {"authkey": "right"}, {"authkey": "revoked"}),
    "gupshup": (
        "919163805873",
        Platform.WHATSAPP,
        {"api_key": "right", "app_id": "a1", "app_name": "a"},
        {"api_key": "revoked", "app_id": "a1", "app_name": "a"},
    ),
}
"""The account's id, its platform, its owner's credentials, and made-up ones."""


def checked(client: APIClient, sender: str) -> Any:
    return client.post(f"/senders/{sender}/check/").json()


def made(client: APIClient, body: Mapping[str, Any], sandbox: RunningSandbox) -> str:
    """The id of a new sender, which asks the sandbox."""
    answer = client.post("/senders/", body)
    assert answer.status_code == 201, answer.json()
    Sender.objects.filter(pk=answer.json()["id"]).update(base_url=sandbox.base_url)
    return str(answer.json()["id"])


def tenant_of(client: APIClient) -> Tenant:
    return Tenant.objects.get(pk=client.get("/me/").json()["tenant"]["id"])


def is_proven(sender: str) -> bool:
    return Sender.objects.get(pk=sender).proven_at is not None


def test_made_up_credentials_keep_no_owner_out(
    owner: APIClient, outsider: APIClient, sandbox: RunningSandbox
) -> None:
    squatter = made(outsider, WRONG_BOT, sandbox)
    assert checked(outsider, squatter)["works"] is False

    own = made(owner, BOT, sandbox)

    assert checked(owner, own)["works"] is True
    assert (is_proven(own), is_proven(squatter)) == (True, False)
    assert owner.get(f"/senders/{own}/").json()["proven_at"] is not None


def test_who_has_proven_nothing_learns_nothing(
    owner: APIClient, outsider: APIClient, sandbox: RunningSandbox
) -> None:
    squatter = made(outsider, WRONG_BOT, sandbox)
    alone = checked(outsider, squatter)
    assert checked(owner, made(owner, BOT, sandbox))["works"] is True

    beside = checked(outsider, squatter)

    assert {**beside, "checked_at": 0} == {**alone, "checked_at": 0}
    assert outsider.post(f"/senders/{squatter}/deactivate/").status_code == 200
    assert outsider.post(f"/senders/{squatter}/activate/").status_code == 200
    body = {"credentials": {"bot_token": "4711:other"}}
    assert outsider.patch(f"/senders/{squatter}/", body).status_code == 200


def test_of_two_who_prove_the_first_keeps_the_account(
    owner: APIClient, outsider: APIClient, sandbox: RunningSandbox
) -> None:
    first, second = made(owner, BOT, sandbox), made(outsider, BOT, sandbox)
    assert checked(owner, first)["works"] is True

    refused = checked(outsider, second)

    assert (refused["works"], refused["code"]) == (False, "account_taken")
    assert (is_proven(first), is_proven(second)) == (True, False)
    assert checked(owner, first)["works"] is True

    owner.post(f"/senders/{first}/deactivate/")
    assert checked(outsider, second)["works"] is True
    assert owner.post(f"/senders/{first}/activate/").status_code == 200
    assert checked(owner, first)["code"] == "account_taken"


@pytest.mark.parametrize("end", ["revoked", "broken", "tenant"])
def test_a_holder_who_could_not_prove_it_again_gives_way(
    owner: APIClient, tenant: Tenant, outsider: APIClient, sandbox: RunningSandbox, end: str
) -> None:
    old, new = made(owner, BOT, sandbox), made(outsider, BOT, sandbox)
    assert checked(owner, old)["works"] is True
    if end == "revoked":
        holder = Sender.objects.get(pk=old)
        holder.credentials = WRONG_BOT["credentials"]
        holder.save()
    elif end == "broken":
        Sender.objects.filter(pk=old).update(broken_at=timezone.now())
    else:
        Tenant.objects.filter(pk=tenant.pk).update(is_active=False)

    assert checked(outsider, new)["works"] is True
    assert (is_proven(old), is_proven(new)) == (False, True)


def test_a_holder_whose_provider_does_not_answer_keeps_the_account(
    owner: APIClient, outsider: APIClient, sandbox: RunningSandbox
) -> None:
    first, second = made(owner, BOT, sandbox), made(outsider, BOT, sandbox)
    assert checked(owner, first)["works"] is True
    Sender.objects.filter(pk=first).update(base_url="http://127.0.0.1:9")

    assert checked(outsider, second)["code"] == "account_taken"
    assert is_proven(first)


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"name": "Other"}, True),
        ({"credentials": {"bot_token": TOKEN}}, True),
        ({"credentials": {"bot_token": "4711:other"}}, False),
        ({"account_id": "4712", "credentials": {"bot_token": "4712:other"}}, False),
    ],
)
def test_other_credentials_need_a_new_check(
    owner: APIClient, sandbox: RunningSandbox, change: Any, stays: bool
) -> None:
    sender = made(owner, BOT, sandbox)
    checked(owner, sender)

    assert owner.patch(f"/senders/{sender}/", change).status_code == 200

    assert is_proven(sender) is stays


@pytest.mark.parametrize("provider", ADAPTERS)
def test_every_providers_account_goes_to_its_owner(
    provider: str, owner: APIClient, outsider: APIClient, sandbox: RunningSandbox
) -> None:
    account_id, platform, right, wrong = ACCOUNTS[provider]
    body = {
        "name": "Shop",
        "platform": platform,
        "provider": provider,
        "address": "+14155550100",
        "account_id": account_id,
    }
    squatter = made(outsider, {**body, "credentials": wrong}, sandbox)
    assert checked(outsider, squatter)["works"] is False

    own = made(owner, {**body, "credentials": right}, sandbox)

    assert checked(owner, own)["works"] is True
    assert checked(outsider, squatter)["code"] != "account_taken"
    assert (is_proven(own), is_proven(squatter)) == (True, False)
    late = {**body, "credentials": right}
    assert outsider.post(f"/senders/{squatter}/deactivate/").status_code == 200
    assert checked(outsider, made(outsider, late, sandbox))["code"] == "account_taken"


@pytest.mark.parametrize("provider", ADAPTERS)
def test_the_customer_is_named_by_credentials_of_the_provider(provider: str) -> None:
    adapter = adapter_for(provider)
    assert set(adapter.account_scope) <= set(adapter.credential_names)


SCOPED = {
    "twilio": (Platform.SMS, {"account_sid": "AC{}", "auth_token": "t"}),
    "vonage": (Platform.SMS, {"api_key": "k{}", "api_secret": "s"}),
    "msg91": (Platform.SMS, {"authkey": "k{}"}),
    "gupshup": (Platform.WHATSAPP, {"api_key": "k", "app_id": "{}", "app_name": "a"}),
}


@pytest.mark.parametrize("provider", SCOPED)
def test_two_customers_of_a_provider_may_each_have_the_account(
    provider: str, owner: APIClient, tenant: Tenant, outsider: APIClient, sandbox: RunningSandbox
) -> None:
    """The provider decides whose number it is, or the name is nobody's alone ("INFO")."""
    platform, credentials = SCOPED[provider]
    mine, theirs, same = (
        SenderFactory.create(
            tenant=of,
            provider=provider,
            platform=platform,
            account_id="15550001111",
            base_url=sandbox.base_url,
            credentials={name: text.format("1" * 31 + n) for name, text in credentials.items()},
        )
        for of, n in ((tenant, "1"), (tenant_of(outsider), "2"), (TenantFactory.create(), "1"))
    )

    assert checked(owner, str(mine.pk))["works"] is True
    assert checked(outsider, str(theirs.pk))["works"] is True
    result = check_sender(tenant=same.tenant, sender_id=same.pk, now=timezone.now())
    assert result.code == "account_taken"


def test_an_operators_change_ends_the_proof(superuser: Client, rows: Any) -> None:
    tenant = TenantFactory.create()
    sender = SenderFactory.create(tenant=tenant, proven_at=timezone.now())
    page = f"/admin/channels/sender/{sender.pk}/change/"
    form = superuser.get(page).context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None}

    answer = superuser.post(
        page, {**data, "base_url": "https://api.example.com", "is_active": "on"}
    )

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert not is_proven(str(sender.pk))


def test_an_operator_cannot_give_a_tenant_two_senders_of_one_account(superuser: Client) -> None:
    first = SenderFactory.create()
    second = SenderFactory.create(tenant=first.tenant, account_id=first.account_id, is_active=False)
    page = f"/admin/channels/sender/{second.pk}/change/"
    form = superuser.get(page).context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None}

    answer = superuser.post(page, {**data, "is_active": "on"})

    assert answer.status_code == 200
    assert "account_id" in answer.context["adminform"].form.errors
