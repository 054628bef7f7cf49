"""A query parameter's value is read or refused by its name: generated from the schema."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from broadcast.models import BroadcastMessage
from tenants.models import Tenant
from tests.api.all_routes import ROUTES, object_id
from tests.api.routes import Route
from tests.factories import (
    BroadcastFactory,
    BroadcastMessageFactory,
    ContactFactory,
    TemplateFactory,
)

Parameter = dict[str, Any]

BAD_TEXT = "a\x00b"
BAD_VALUES = {"boolean": "maybe", "integer": "many", "uuid": "7", "date-time": "yesterday"}
BAD_BY_NAME = {"cursor": "x", "from": "soon", "to": "soon", "sender": "7"}
"""Parameters whose format the schema does not name."""
GOOD_VALUES = {
    "boolean": ("true", "false"),
    "integer": ("1", "2"),
    "uuid": (str(uuid4()), str(uuid4())),
    "date-time": ("2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z"),
}
GOOD_BY_NAME = {
    "phone": ("+491701234567", "+491701234568"),
    "email": ("a@example.com", "b@example.com"),
    "country": ("DE", "AT"),
    "from": ("2027-01-01", "2027-01-02"),
    "to": ("2027-02-01", "2027-02-02"),
}
FORMAT = "format"
"""Content negotiation answers 404 for a format that it does not know."""
PATHS: dict[str, Any] = SchemaGenerator().get_schema(public=True)["paths"]


def path_of(route: Route) -> str:
    """The route's path in the document, with nameless arguments."""
    return re.sub(r"[0-9a-f-]{36}", "{}", route.url(uuid4())).rstrip("/")


PARAMETERS = {
    re.sub("{[^}]+}", "{}", path).rstrip("/"): [
        parameter
        for parameter in operations.get("get", {}).get("parameters", ())
        if parameter["in"] == "query" and parameter["name"] != FORMAT
    ]
    for path, operations in PATHS.items()
}


def calls() -> Iterator[Any]:
    for route in ROUTES:
        if "get" in route.methods:
            for parameter in PARAMETERS.get(path_of(route), ()):
                yield pytest.param(route, parameter, id=f"{route} {parameter['name']}")


CALLS = list(calls())


def kind_of(parameter: Parameter) -> str:
    schema = parameter["schema"]
    return str(schema.get("format", schema["type"]))


def choices_of(parameter: Parameter) -> list[str]:
    schema = parameter["schema"]
    return list(schema.get("items", schema).get("enum", ()))


def bad_value(parameter: Parameter) -> str:
    if choices_of(parameter):
        return "NO_SUCH"
    if parameter["name"] in BAD_BY_NAME:
        return BAD_BY_NAME[parameter["name"]]
    return BAD_VALUES.get(kind_of(parameter), BAD_TEXT)


def two_values(parameter: Parameter) -> tuple[str, str]:
    choices = choices_of(parameter)
    if choices:
        return (choices[0], choices[1])
    by_name = GOOD_BY_NAME.get(parameter["name"])
    return by_name or GOOD_VALUES.get(kind_of(parameter), ("one", "two"))


def takes_several(parameter: Parameter) -> bool:
    return bool(parameter["schema"]["type"] == "array")


def refused_names(answer: Any) -> list[tuple[int, str]]:
    names = {error["attr"] for error in answer.json().get("errors", [])}
    return [(answer.status_code, name) for name in names]


def test_every_parameter_is_tried() -> None:
    documented = sum(len(parameters) for parameters in PARAMETERS.values())
    assert len(CALLS) == documented > 50
    assert {"status__in"} == {
        call.values[1]["name"] for call in CALLS if takes_several(call.values[1])
    }


@pytest.mark.parametrize(("route", "parameter"), CALLS)
def test_a_value_that_cannot_be_read_is_refused_by_name(
    owner: APIClient, tenant: Tenant, route: Route, parameter: Parameter
) -> None:
    url = route.url(object_id(route, tenant))
    for value in (bad_value(parameter), "", "  "):
        answer = owner.get(url, {parameter["name"]: value})
        assert refused_names(answer) == [(400, parameter["name"])], value


@pytest.mark.parametrize(("route", "parameter"), CALLS)
def test_two_values_are_a_union_or_refused_by_name(
    owner: APIClient, tenant: Tenant, route: Route, parameter: Parameter
) -> None:
    url = route.url(object_id(route, tenant))

    answer = owner.get(url, {parameter["name"]: list(two_values(parameter))})

    if takes_several(parameter):
        assert answer.status_code == 200, answer.json()
        bad_item = owner.get(url, {parameter["name"]: [two_values(parameter)[0], "NO_SUCH"]})
        assert refused_names(bad_item) == [(400, parameter["name"])]
    else:
        assert refused_names(answer) == [(400, parameter["name"])]


def test_repeated_statuses_and_statuses_with_commas_are_one_union(
    owner: APIClient, tenant: Tenant
) -> None:
    for status in ("READ", "DELIVERED", "SENT", "FAILED"):
        BroadcastMessageFactory.create(tenant=tenant, status=status)
    assert BroadcastMessage.objects.count() == 4

    for query in (
        "status__in=READ&status__in=DELIVERED&status__in=SENT",
        "status__in=READ,DELIVERED&status__in=SENT",
        "status__in=SENT&status__in=READ,DELIVERED&status__in=READ",
    ):
        rows = owner.get(f"/broadcast/messages/?{query}").json()["results"]
        assert sorted(row["status"] for row in rows) == ["DELIVERED", "READ", "SENT"], query


@pytest.mark.parametrize(
    "query",
    ["status__in=READ,", "status__in=,", "status__in=READ&status__in=", "status__in=READ,,SENT"],
)
def test_an_empty_status_in_a_union_is_refused(owner: APIClient, query: str) -> None:
    answer = owner.get(f"/broadcast/messages/?{query}")

    assert refused_names(answer) == [(400, "status__in")]


def test_templates_and_the_dashboard_take_unions_too(owner: APIClient, tenant: Tenant) -> None:
    for status in ("APPROVED", "PAUSED", "REJECTED"):
        TemplateFactory.create(tenant=tenant, status=status, name=status.lower())
        BroadcastFactory.create(tenant=tenant)

    found = owner.get("/templates/?status__in=APPROVED&status__in=PAUSED").json()
    rows = owner.get("/broadcast/dashboard/?status__in=SENDING&status__in=DRAFT").json()

    assert found["count"] == 2
    assert len(rows["results"]) == 3


def test_the_same_value_twice_is_no_contradiction(owner: APIClient, tenant: Tenant) -> None:
    BroadcastFactory.create(tenant=tenant)

    assert owner.get("/broadcast/?status=DRAFT&status=DRAFT").json()["count"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "do_not_contact=maybe",
        "do_not_contact=2",
        "do_not_contact=null",
        "do_not_contact=true&do_not_contact=false",
        "phone=0170",
        "phone=+491701234567",  # a plus sign that is not written %2B is a blank
        "country=Germany",
        "email=nobody",
        "created_after=2027-13-01T00:00:00Z",
    ],
)
def test_a_filter_that_nobody_can_match_does_not_show_everybody(
    owner: APIClient, tenant: Tenant, query: str
) -> None:
    ContactFactory.create(tenant=tenant)

    answer = owner.get(f"/contacts/?{query}")

    assert refused_names(answer) == [(400, query.partition("=")[0])]


@pytest.mark.parametrize("value", ["%2B491701234567", "%2B49%20170%20123-45-67"])
def test_a_number_is_found_in_any_spelling(owner: APIClient, tenant: Tenant, value: str) -> None:
    ContactFactory.create(tenant=tenant, phone="+491701234567")

    assert len(owner.get(f"/contacts/?phone={value}").json()["results"]) == 1


def test_a_page_that_is_no_number_is_refused_and_one_past_the_end_is_not_found(
    owner: APIClient,
) -> None:
    assert refused_names(owner.get("/senders/?page=last")) == [(400, "page")]
    assert refused_names(owner.get("/senders/?page=0")) == [(400, "page")]
    assert owner.get("/senders/?page=9").status_code == 404
