"""Operators change in the admin what members change over the API, and a few things named here."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from channels.models import ProviderApp, Sender, TenantWAApp
from contacts.models import Contact, Suppression, Tag
from templates_wa.models import WhatsAppTemplate
from tenants.models import Membership, Tenant, User
from tests.fixtures.types import Rows
from wallet.models import Rate

ALSO_BY_OPERATORS: dict[type[Model], set[str]] = {
    Contact: set(),
    ProviderApp: set(),
    # Prices and the address of the API are terms between the operator and the tenant.
    Sender: {
        "base_url",
        "currency",
        "is_active",
        "marketing_price",
        "utility_price",
        "authentication_price",
    },
    WhatsAppTemplate: set(),
}
ALSO_BY_OPERATORS[TenantWAApp] = ALSO_BY_OPERATORS[Sender]
ONLY_BY_OPERATORS = {Membership, Rate, Suppression, Tag, Tenant, User}
"""Models that no member changes over the API."""
NAMES = {"new_credentials": "credentials", "new_secrets": "secrets"}
"""The admin's name of a field → the API's."""


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def serializers() -> dict[type[Model], Any]:
    """The serializer with which a PATCH changes a row of the model."""
    changing: dict[type[Model], Any] = {}
    for pattern in patterns(get_resolver()):
        view: Any = getattr(pattern.callback, "cls", None)
        if "patch" in (getattr(pattern.callback, "actions", None) or {}):
            serializer = view.serializer_class
            if model := getattr(getattr(serializer, "Meta", None), "model", None):
                changing[model] = serializer
    changing[TenantWAApp] = changing[Sender]
    return changing


SERIALIZERS = serializers()


def writable(model: type[Model]) -> set[str]:
    fields: Any = SERIALIZERS[model]().fields
    return {name for name, field in fields.items() if not field.read_only}


def editable(client: Client, row: Model) -> set[str]:
    meta = row._meta
    page = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(row.pk,))
    adminform = client.get(page).context["adminform"]
    names = set(adminform.form.fields) - set(adminform.readonly_fields)
    return {NAMES.get(name, name) for name in names}


def test_the_models_that_operators_change(superuser: Client, rows: Rows) -> None:
    changed = {
        model
        for model in admin.site._registry
        if model in rows and editable(superuser, rows[model])
    }
    assert changed - set(SERIALIZERS) == ONLY_BY_OPERATORS


@pytest.mark.parametrize("model", ALSO_BY_OPERATORS, ids=lambda model: model.__name__)
def test_operators_change_what_the_api_changes(
    model: type[Model], superuser: Client, rows: Rows
) -> None:
    more = editable(superuser, rows[model]) - writable(model)
    assert more == ALSO_BY_OPERATORS[model]


def test_every_model_that_both_change_is_compared(superuser: Client, rows: Rows) -> None:
    both = {
        model
        for model in SERIALIZERS
        if model in rows and model in admin.site._registry and editable(superuser, rows[model])
    }
    assert both - set(ALSO_BY_OPERATORS) == set()
