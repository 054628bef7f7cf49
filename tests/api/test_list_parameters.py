"""A list refuses unknown query parameters: if it ignored them, it would show too much."""

import re
from uuid import uuid4

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tenants.models import Tenant
from tests.api.all_routes import ROUTES, object_id
from tests.api.objects import OBJECTS
from tests.api.routes import Route

OTHERS = ("broadcast-dashboard", "wallet-statement", "contact-export")
LISTS = [
    pytest.param(route, id=str(route))
    for route in ROUTES
    if "get" in route.methods
    and (
        route.methods["get"] == "list"
        or route.name.startswith(("wallet-entries", "wallet-top-ups"))
        or route.name in OTHERS
    )
]


@pytest.mark.parametrize("route", LISTS)
def test_every_list_refuses_an_unknown_parameter_by_its_name(
    owner: APIClient, tenant: Tenant, route: Route
) -> None:
    answer = owner.get(route.url(object_id(route, tenant)), {"no_such_thing": "1"})

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["code"], error["attr"]) == ("unknown_parameter", "no_such_thing")


@pytest.mark.parametrize("route", LISTS)
def test_every_list_knows_the_format(owner: APIClient, tenant: Tenant, route: Route) -> None:
    assert owner.get(route.url(object_id(route, tenant)), {"format": "json"}).status_code in {
        200,
        404,
    }


def test_no_documented_parameter_is_refused(owner: APIClient) -> None:
    tried = 0
    for path, operations in SchemaGenerator().get_schema(public=True)["paths"].items():
        url = re.sub("{[^}]+}", str(uuid4()), path)
        for parameter in operations.get("get", {}).get("parameters", ()):
            if parameter["in"] == "query":
                answer = owner.get(url, {parameter["name"]: "1"})
                assert b"unknown_parameter" not in answer.getvalue(), (path, parameter["name"])
                tried += 1
    assert tried > 50


@pytest.mark.parametrize("path", ["/contacts/imports/", "/contacts/export/", "/wallet/statement/"])
def test_the_refusal_is_documented(path: str) -> None:
    paths = SchemaGenerator().get_schema(public=True)["paths"]

    assert "400" in paths[path]["get"]["responses"]


def test_a_detail_is_no_list(owner: APIClient, tenant: Tenant) -> None:
    made = OBJECTS["broadcast"](tenant)
    assert not isinstance(made, str)

    assert owner.get(f"/broadcast/{made.pk}/?no_such_thing=1").status_code == 200


def test_the_refusal_says_what_is_known(owner: APIClient) -> None:
    (error,) = owner.get("/contacts/?tags=vip").json()["errors"]

    assert error["detail"] == (
        "Unknown here. Known are: country, created_after, created_before, cursor, "
        "do_not_contact, email, external_id, page_size, phone, search, tag, whatsapp_user_id."
    )


@pytest.mark.parametrize("wrong", ["page=2", "ordering=name"])
def test_a_parameter_of_other_lists_is_refused(owner: APIClient, wrong: str) -> None:
    assert owner.get(f"/contacts/?{wrong}").status_code == 400


def test_one_status_is_as_good_as_a_list_of_one(owner: APIClient, tenant: Tenant) -> None:
    for key, path in (("broadcast", "/broadcast/"), ("message", "/broadcast/messages/")):
        OBJECTS[key](tenant)
        for status, expected in (("SENT", 0), ("NO", None)):
            answer = owner.get(path, {"status": status})
            shown = len(answer.json()["results"]) if answer.status_code == 200 else None
            assert shown == expected, path
