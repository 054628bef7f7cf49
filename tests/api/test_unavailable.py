"""Every route answers 503 with Retry-After, never 500, while PostgreSQL or Redis cannot work."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch
from pytest_django import Settings
from rest_framework.test import APIClient

from tenants.models import Tenant
from tests.api.all_routes import ROUTES, object_id
from tests.api.routes import Route, all_routes
from tests.factories import PASSWORD, MembershipFactory, TenantFactory
from tests.fixtures.api import MakeClient
from tests.fixtures.own_valkey import OwnValkey, own_valkey
from tests.foreign_session import locked_elsewhere

pytestmark = pytest.mark.django_db(transaction=True)

NEEDS_NO_DATABASE = {"home", "schema", "docs", "token", "token-refresh"}
"""Routes that read nothing, or refuse an empty body before they read anything."""


def call(client: APIClient, method: str, url: str) -> HttpResponseBase:
    return client.generic(method.upper(), url, "{}", "application/json")


@pytest.fixture
def database_away() -> Iterator[None]:
    """New connections are refused, as by a server that has none left."""
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = "no_such_database"
    yield
    connection.close()
    connection.settings_dict["NAME"] = name


@pytest.fixture
def token(owner: APIClient) -> APIClient:
    """A client that sends an admin's session too."""
    owner.cookies["sessionid"] = uuid4().hex
    return owner


def urls() -> list[tuple[Route, str]]:
    named = [route for route in all_routes() if route.name]
    return [(route, _url(route)) for route in named]


def _url(route: Route) -> str:
    for value in (uuid4(), 1, "broadcast", "stripe", "token_" * 4):
        with suppress(NoReverseMatch):
            return route.url(value)
    raise AssertionError(f"No argument fits {route}.")


def test_without_a_database_every_route_says_so(token: APIClient, database_away: None) -> None:
    wrong = []
    for route, url in urls():
        if route.name in NEEDS_NO_DATABASE:
            continue
        for method in route.methods or ["get"]:
            response = call(token, method, url)
            if response.status_code != 503 or response["Retry-After"] != "5":
                wrong.append(f"{method} {route}: {response.status_code}")
    assert wrong == []


def test_an_api_route_names_what_is_away(token: APIClient, database_away: None) -> None:
    response = token.get("/contacts/")
    error = response.json()["errors"][0]
    assert (response.json()["type"], error["code"]) == ("server_error", "database_unavailable")
    assert error["data"] == {"retry_after": 5}
    log_in = token.post("/token/", {"email": "a@example.com", "password": PASSWORD})
    assert (log_in.status_code, log_in["Retry-After"]) == (503, "5")


def test_a_database_that_takes_no_writes_causes_no_500(api: MakeClient, tenant: Tenant) -> None:
    wrong = []
    for route in ROUTES:
        its_tenant = TenantFactory.create()
        client, url = api(tenant=its_tenant), route.url(object_id(route, its_tenant))
        with read_only():
            wrong += [
                f"{method} {route}"
                for method in route.methods
                if call(client, method, url).status_code == 500
            ]
    client = api()
    with read_only():
        created = client.post("/contacts/", {"first_name": "Ana", "phone": "+491701234567"})
    assert wrong == []
    assert (created.status_code, created["Retry-After"]) == (503, "5")
    assert created.json()["errors"][0]["code"] == "database_unavailable"


@contextmanager
def read_only() -> Iterator[None]:
    """The database's connection takes no writes, as that of a standby server."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        yield
    finally:
        connection.close()


def test_a_row_that_stays_locked_is_busy(owner: APIClient, tenant: Tenant) -> None:
    made = owner.post("/contacts/", {"first_name": "Ana", "phone": "+491701234567"}).json()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    try:
        with locked_elsewhere(("SELECT FROM contacts_contact WHERE id = %s", made["id"])):
            response = owner.patch(f"/contacts/{made['id']}/", {"first_name": "Bea"})
    finally:
        connection.close()
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["errors"][0]["code"] == "database_busy"


@pytest.fixture
def valkey(tmp_path: Path, settings: Settings) -> Iterator[OwnValkey]:
    """The cache's server."""
    with own_valkey(tmp_path) as server:
        cache = {**django_settings.CACHES["default"], "LOCATION": server.url}
        settings.CACHES = {"default": cache}
        yield server


@pytest.mark.parametrize("fault", ["out_of_memory", "read_only", "away", "paused"])
def test_log_in_goes_on_without_redis_and_stays_limited(
    anonymous: APIClient, valkey: OwnValkey, fault: str
) -> None:
    email = MembershipFactory.create().user.email
    with valkey.client() as client:
        if fault == "out_of_memory":
            client.config_set("maxmemory", "1")
        elif fault == "read_only":
            client.replicaof("127.0.0.1", "1")
        elif fault == "paused":
            client.client_pause(10_000, all=True)
    if fault == "away":
        valkey.stop()
    right = anonymous.post("/token/", {"email": email, "password": PASSWORD})
    wrong = [
        anonymous.post("/token/", {"email": email, "password": "wrong"}).status_code
        for _ in range(12)
    ]
    assert right.status_code == 200
    assert wrong == [401] * 9 + [429] * 3
