"""No cache keeps an answer that is meant for one caller."""

from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from tenants.models import Tenant
from tests.api.all_routes import ROUTES, object_id
from tests.api.routes import Route

CALLS = [
    pytest.param(route, method, id=f"{method} {route}")
    for route in ROUTES
    for method in route.methods
]


def stores(answer: Any) -> bool:
    directives = answer.headers.get("Cache-Control", "").replace(" ", "").split(",")
    return "no-store" not in directives


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_no_operation_is_stored(
    owner: APIClient, tenant: Tenant, route: Route, method: str
) -> None:
    url = route.url(object_id(route, tenant))

    answer = owner.generic(method.upper(), url, "{}", "application/json")

    assert answer.status_code != 405
    assert not stores(answer)


@pytest.mark.parametrize(
    "path", ["/token/", "/token/refresh/", "/r/abc/", "/u/abc/", "/no/such/path/", "/admin/login/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_public_answer_is_stored_either(anonymous: APIClient, method: str, path: str) -> None:
    assert not stores(anonymous.generic(method, path, "{}", "application/json"))


def test_no_page_of_the_admin_is_stored(superuser: Client, rows: dict[type[Model], Model]) -> None:
    for model, row in rows.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for url in (reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[row.pk])):
            assert not stores(superuser.get(url)), url


def test_a_static_file_keeps_its_own_rule(client: Client) -> None:
    answer = client.get("/static/backoffice/icon.svg")

    assert answer.getvalue().startswith(b"<svg")  # reads, and so closes, the file
    assert stores(answer)
