"""A time without an offset from UTC is refused: in every field and in every filter."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import resolve
from rest_framework.test import APIClient

from api.errors import InvalidInput
from api.fields import NoOffset, read_time
from tenants.models import Tenant
from tests.api.all_routes import ROUTES, object_id
from tests.contract import METHODS, document

NAIVE = ["2027-07-01T10:00:00", "2027-07-01 10:00", "2027-07-01", "2027-W26-4T10:00"]
AT_TEN = datetime(2027, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2027-07-01T10:00:00Z",
        "2027-07-01T10:00:00+00:00",
        "2027-07-01T12:00:00+02:00",
        "2027-07-01 15:30+05:30",
        "2027-06-30T22:00:00-12:00",
        "20270701T100000Z",
    ],
)
def test_a_time_with_an_offset_is_read(text: str) -> None:
    assert read_time(text) == AT_TEN
    assert read_time(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", NAIVE)
def test_a_time_without_one_is_refused(text: str) -> None:
    with pytest.raises(NoOffset, match="Add the offset"):
        read_time(text)


@pytest.mark.parametrize(
    "text",
    ["", "now", "2027-13-01T10:00:00Z", "2027-07-01T10:00:00 02:00", "0001-01-01T00:00:00+14:00"],
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"2027-07-01T10:00:00Z.*%2B"):
        read_time(text)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def times_of_bodies() -> Iterator[Any]:
    for method, path, operation in operations():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            for name in times_in(body["schema"]):
                yield pytest.param(method, path, name, id=f"{method} {path} {name}")


def times_in(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted names of the times in a schema."""
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("format") == "date-time":
        yield prefix
    items = [schema["items"]] if "items" in schema else []
    for part in (*schema.get("oneOf", ()), *schema.get("allOf", ()), *items):
        yield from times_in(part, prefix)
    for name, field in schema.get("properties", {}).items():
        yield from times_in(field, f"{prefix}.{name}" if prefix else name)


def times_of_queries() -> Iterator[Any]:
    for method, path, operation in operations():
        for parameter in operation.get("parameters", ()):
            if parameter["schema"].get("format") == "date-time":
                name = parameter["name"]
                yield pytest.param(method, path, name, id=f"{method} {path} {name}")


BODIES, QUERIES = list(times_of_bodies()), list(times_of_queries())


def test_the_document_was_read() -> None:
    assert len(BODIES) >= 8
    assert len(QUERIES) >= 4


def url_of(path: str, tenant: Tenant) -> str:
    """The URL of a documented path, for an object of the tenant."""
    for name in ("{id}", "{contact_id}", "{entry_id}"):
        if name in path:
            match = resolve(path.replace(name, str(uuid4())))
            (route,) = (route for route in ROUTES if route.name == match.view_name)
            return path.replace(name, object_id(route, tenant))
    return path


def refusals_of(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.content
    return [(error["attr"], error["code"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize(("method", "path", "name"), BODIES)
def test_no_field_takes_a_time_without_an_offset(
    owner: APIClient, tenant: Tenant, method: str, path: str, name: str
) -> None:
    url = url_of(path, tenant)
    for naive in NAIVE:
        answer = getattr(owner, method)(url, {name: naive})
        assert (name, "no_offset") in refusals_of(answer)


@pytest.mark.parametrize(("method", "path", "name"), QUERIES)
def test_no_filter_takes_a_time_without_an_offset(
    owner: APIClient, tenant: Tenant, method: str, path: str, name: str
) -> None:
    url = url_of(path, tenant)
    for naive in NAIVE:
        assert (name, "no_offset") in refusals_of(owner.get(url, {name: naive}))
    assert owner.get(url, {name: "2027-07-01T12:00:00+02:00"}).status_code == 200
    assert refusals_of(owner.get(f"{url}?{name}=2027-07-01T12:00:00+02:00")) == [(name, "invalid")]


@pytest.mark.parametrize("name", ["from", "to"])
def test_a_statement_takes_a_date_or_a_time_with_an_offset(owner: APIClient, name: str) -> None:
    """A date means a day of the tenant's time zone; a time is never guessed."""
    year = "2020" if name == "from" else "2030"
    for right in (f"{year}-01-31", f"{year}-01-31T10:00:00Z"):
        assert owner.get("/wallet/statement/", {name: right}).status_code == 200
    naive = owner.get("/wallet/statement/", {name: f"{year}-01-31T10:00:00"})
    assert refusals_of(naive) == [(name, "no_offset")]
