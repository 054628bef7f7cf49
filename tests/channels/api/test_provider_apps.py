"""`/provider-apps/` as clients see them."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from channels.models import ProviderApp
from tenants.models import Role, Tenant
from tests.factories import ProviderAppFactory, SenderFactory

APP = {
    "name": "Our app",
    "provider": "meta_cloud",
    "secrets": {"app_secret": "made-up-1", "verify_token": "made-up-2"},
}


def test_an_app_shows_its_webhook_and_never_its_secrets(owner: APIClient) -> None:
    answer = owner.post("/provider-apps/", APP)

    assert answer.status_code == 201, answer.json()
    app = ProviderApp.objects.get()
    assert answer.json()["webhook_url"] == app.webhook_url
    assert app.secrets == APP["secrets"]
    assert b"made-up" not in answer.content + owner.get("/provider-apps/").content


@pytest.mark.parametrize("role", [Role.MANAGER, Role.VIEWER])
def test_apps_are_for_owners_and_admins(
    api: Callable[..., APIClient], tenant: Tenant, role: Role
) -> None:
    app = ProviderAppFactory.create(tenant=tenant)
    client = api(role)

    assert client.get("/provider-apps/").status_code == 403
    assert client.get(f"/provider-apps/{app.pk}/").status_code == 403
    assert client.post("/provider-apps/", APP).status_code == 403


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"secrets": {"app_secret": "x"}}, "secrets"),
        ({"secrets": {**APP["secrets"], "more": "x"}}, "secrets"),  # type: ignore[dict-item]
        ({"provider": "nobody"}, "provider"),
        ({"name": ""}, "name"),
    ],
)
def test_an_app_that_cannot_work_is_refused(
    owner: APIClient, change: dict[str, Any], attr: str
) -> None:
    answer = owner.post("/provider-apps/", {**APP, **change})

    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, attr)
    assert not ProviderApp.objects.exists()


def test_an_apps_provider_is_fixed_and_its_secrets_can_be_replaced(
    owner: APIClient, tenant: Tenant
) -> None:
    app = ProviderAppFactory.create(tenant=tenant)
    url = f"/provider-apps/{app.pk}/"
    fresh = {"app_secret": "fresh-1", "verify_token": "fresh-2"}

    assert owner.patch(url, {"provider": "telegram_bot"}).status_code == 400
    assert owner.patch(url, {"secrets": fresh, "is_active": False}).status_code == 200
    app.refresh_from_db()
    assert (app.secrets, app.is_active) == (fresh, False)


def test_a_webhooks_address_is_not_shown_to_everybody(
    owner: APIClient, viewer: APIClient, tenant: Tenant
) -> None:
    app = ProviderAppFactory.create(tenant=tenant)
    url = f"/senders/{SenderFactory.create(tenant=tenant, app=app).pk}/"

    assert owner.get(url).json()["webhook_url"] == app.webhook_url
    assert viewer.get(url).json()["webhook_url"] is None
