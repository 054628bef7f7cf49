"""No route can be forgotten: these tests are generated from the URL table.

A new route with an id, and a new list, need a line in tests/api/objects.py.
"""

from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from rest_framework.test import APIClient

from tenants.models import Tenant
from tests.api.all_routes import ROUTES, object_id
from tests.api.objects import (
    OBJECTS,
    READING_POSTS,
    WITHOUT_OBJECTS,
)
from tests.api.routes import SAFE, Route

CALLS = [
    pytest.param(route, method, id=f"{method} {route}")
    for route in ROUTES
    for method in route.methods
]
WRITES = [
    pytest.param(route, method, id=f"{method} {route}")
    for route in ROUTES
    for method in route.methods
    if method not in SAFE and (route.name, method) not in READING_POSTS
]
DETAILS = [
    pytest.param(route, method, id=f"{method} {route}")
    for route in ROUTES
    for method in route.methods
    if route.arguments
]
LISTS = [
    pytest.param(route, id=str(route))
    for route in ROUTES
    if not route.arguments and "get" in route.methods
]
FOUND = [
    pytest.param(route, id=str(route))
    for route in ROUTES
    if route.key in OBJECTS and route.name.endswith(("-list", "-detail")) and "get" in route.methods
]


@pytest.mark.parametrize("route", [pytest.param(route, id=str(route)) for route in ROUTES])
def test_the_route_is_known(route: Route) -> None:
    assert route.is_api, f"{route}: no API view; if it is public, say so in tests/api/objects.py."
    assert route.name, f"{route.pattern} has no name."
    assert route.key in OBJECTS or (not route.arguments and route.key in WITHOUT_OBJECTS), (
        f"{route}: add '{route.key}' to OBJECTS in tests/api/objects.py, with what makes an object "
        "of a tenant; or to WITHOUT_OBJECTS, if it has no argument and lists none."
    )


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_without_a_token_nothing_is_answered(
    anonymous: APIClient, route: Route, method: str
) -> None:
    response = anonymous.generic(method.upper(), route.url(uuid4()), "{}", "application/json")

    assert response.status_code == 401
    assert response.json()["type"] == "client_error"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("route", "method"), WRITES)
def test_a_viewer_writes_nothing(
    viewer: APIClient, tenant: Tenant, route: Route, method: str
) -> None:
    url = route.url(object_id(route, tenant))

    response = viewer.generic(method.upper(), url, "{}", "application/json")

    assert response.status_code == 403
    assert response.json()["errors"][0]["code"] == "permission_denied"


@pytest.mark.parametrize(("route", "method"), DETAILS)
def test_another_tenants_object_is_not_found(
    outsider: APIClient, tenant: Tenant, route: Route, method: str
) -> None:
    url = route.url(object_id(route, tenant))

    response = outsider.generic(method.upper(), url, "{}", "application/json")

    assert response.status_code == 404
    assert response.json()["errors"][0]["code"] == "not_found"


@pytest.mark.parametrize("route", FOUND)
def test_its_own_tenant_finds_it(owner: APIClient, tenant: Tenant, route: Route) -> None:
    """Without this counterpart, the tests of isolation would prove nothing."""
    own_id = object_id(route, tenant)

    response = owner.get(route.url(own_id))

    assert response.status_code == 200
    assert own_id in _text(response)


@pytest.mark.parametrize("route", LISTS)
def test_a_list_never_shows_another_tenants_objects(
    outsider: APIClient, tenant: Tenant, route: Route
) -> None:
    own_id = object_id(route, tenant)

    response = outsider.get(route.url(own_id))

    assert response.status_code < 500
    assert own_id not in _text(response)
    assert str(tenant.pk) not in _text(response)


@pytest.mark.parametrize(
    "route", [pytest.param(route, id=str(route)) for route in ROUTES if not route.arguments]
)
def test_the_route_answers_with_and_without_the_slash(anonymous: APIClient, route: Route) -> None:
    bare = route.url(uuid4()).rstrip("/")
    method = next(iter(route.methods)).upper()

    statuses = {anonymous.generic(method, url).status_code for url in (bare, bare + "/")}

    assert statuses == {401}


def _text(response: HttpResponseBase) -> str:
    if isinstance(response, StreamingHttpResponse):
        return b"".join(iter(response)).decode()
    assert isinstance(response, HttpResponse)
    return response.content.decode()
