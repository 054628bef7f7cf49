"""Operators write credentials in the admin; no page shows them."""

import json
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from channels.models import ProviderApp, Sender
from channels.pacing.limiter import MAX_BATCH_SIZE
from tenants.models import Tenant
from tests.backoffice.forms import form_of
from tests.backoffice.rows import SECRET
from tests.factories import TenantFactory

Rows = dict[type[Model], Model]
NEW = '{"bot_token": "1:another-made-up-token"}'


def save(client: Client, sender: Model, **fields: Any) -> Any:
    return client.post(f"/admin/channels/sender/{sender.pk}/change/", form_of(sender, **fields))


def test_credentials_are_replaced_when_filled_in(superuser: Client, rows: Rows) -> None:
    assert save(superuser, rows[Sender], new_credentials=NEW).status_code == 302
    stored = Sender.objects.get(pk=rows[Sender].pk)
    assert stored.credentials == {"bot_token": "1:another-made-up-token"}


def test_credentials_are_kept_when_left_empty(superuser: Client, rows: Rows) -> None:
    assert save(superuser, rows[Sender], name="Renamed").status_code == 302
    stored = Sender.objects.get(pk=rows[Sender].pk)
    assert (stored.name, stored.credentials) == ("Renamed", {"bot_token": f"1:{SECRET}"})


def test_a_refused_form_does_not_show_credentials_again(superuser: Client, rows: Rows) -> None:
    answer = save(superuser, rows[Sender], new_credentials=NEW, currency="USD")
    assert answer.status_code == 200
    assert "This tenant&#x27;s credits are in EUR." in answer.text
    assert "another-made-up-token" not in answer.text
    assert Sender.objects.get(pk=rows[Sender].pk).credentials == {"bot_token": f"1:{SECRET}"}


def test_an_app_of_another_tenant_is_refused(superuser: Client, rows: Rows, tenant: Tenant) -> None:
    sender = rows[Sender]
    other = TenantFactory.create()
    Sender.objects.filter(pk=sender.pk).update(tenant=other)
    answer = save(superuser, sender)
    assert "This belongs to another tenant." in answer.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"account_id": "2"}, "The credentials are for 1; account_id has to be the same."),
        (
            {"new_credentials": '{"bot_token": "2:another-made-up-token"}'},
            "The credentials are for 2; account_id has to be the same.",
        ),
        (
            {"new_credentials": '{"bot_token": "another-made-up-token"}'},
            "The credentials name no account.",
        ),
    ],
)
def test_a_bots_account_is_its_tokens(
    superuser: Client, rows: Rows, change: dict[str, str], error: str
) -> None:
    answer = save(superuser, rows[Sender], **change)
    assert error in answer.text
    assert "another-made-up-token" not in answer.text
    stored = Sender.objects.get(pk=rows[Sender].pk)
    assert (stored.account_id, stored.credentials) == ("1", {"bot_token": f"1:{SECRET}"})


@pytest.mark.parametrize(
    "credentials",
    [
        '{"token": "1:another-made-up-token"}',
        '{"bot_token": "1:another-made-up-token", "base_url": "https://example.com"}',
        '{"bot_token": " "}',
    ],
)
def test_credentials_with_other_names_than_the_providers_are_refused(
    superuser: Client, rows: Rows, credentials: str
) -> None:
    answer = save(superuser, rows[Sender], new_credentials=credentials)
    form = answer.context["adminform"].form
    assert form.errors == {"new_credentials": ["Exactly these are needed: bot_token."]}
    assert "another-made-up-token" not in answer.text
    assert Sender.objects.get(pk=rows[Sender].pk).credentials == {"bot_token": f"1:{SECRET}"}


@pytest.mark.parametrize(
    ("secrets", "stored"),
    [
        ({"secret_token": " another "}, {"secret_token": "another"}),
        ({"token": "another"}, {"token": SECRET}),
    ],
)
def test_an_apps_secrets_are_those_that_its_provider_needs(
    superuser: Client, rows: Rows, secrets: dict[str, str], stored: dict[str, str]
) -> None:
    app = rows[ProviderApp]
    form = {"name": "App", "is_active": "on", "new_secrets": json.dumps(secrets)}
    answer = superuser.post(f"/admin/channels/providerapp/{app.pk}/change/", form)
    assert ("Exactly these are needed: secret_token." in answer.text) == ("token" in secrets)
    assert ProviderApp.objects.get(pk=app.pk).secrets == stored


def test_a_bot_becomes_another_as_a_whole(superuser: Client, rows: Rows) -> None:
    both = {"account_id": "2", "new_credentials": '{"bot_token": "2:another-made-up-token"}'}
    assert save(superuser, rows[Sender], **both).status_code == 302


def test_a_bot_that_was_stored_otherwise_can_be_renamed(superuser: Client, rows: Rows) -> None:
    Sender.objects.filter(pk=rows[Sender].pk).update(credentials={})
    assert save(superuser, rows[Sender], name="Renamed").status_code == 302


def test_a_batch_is_no_larger_than_over_the_api(superuser: Client, rows: Rows) -> None:
    answer = save(superuser, rows[Sender], batch_size=str(MAX_BATCH_SIZE + 1))
    assert f"less than or equal to {MAX_BATCH_SIZE}" in answer.text
    assert save(superuser, rows[Sender], batch_size=str(MAX_BATCH_SIZE)).status_code == 302
