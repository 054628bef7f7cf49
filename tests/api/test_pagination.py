from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from tenants.models import IdempotencyRecord, Tenant
from tests.factories import MembershipFactory

pytestmark = pytest.mark.urls("tests.api.probes")

AT = datetime(2027, 7, 1, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def records(tenant: Tenant) -> list[str]:
    """25 records with the same time, by descending id."""
    made = IdempotencyRecord.objects.bulk_create(
        IdempotencyRecord(tenant=tenant, key=str(n), response_status=200) for n in range(25)
    )
    IdempotencyRecord.objects.update(created_at=AT)
    return [record.key for record in sorted(made, key=lambda record: record.pk, reverse=True)]


def keys(page: dict[str, Any]) -> list[str]:
    return [row["key"] for row in page["results"]]


def test_cursors_lead_to_the_end_and_back(owner: APIClient, records: list[str]) -> None:
    first = owner.get("/keyset/?page_size=10").json()
    second = owner.get(first["next"]).json()
    third = owner.get(second["next"]).json()

    assert [*keys(first), *keys(second), *keys(third)] == records
    assert (first["previous"], third["next"]) == (None, None)
    assert third["previous"] is not None

    back = owner.get(third["previous"]).json()
    start = owner.get(back["previous"]).json()
    assert (keys(back), keys(start)) == (keys(second), keys(first))
    assert start["previous"] is None
    assert keys(owner.get(start["next"]).json()) == keys(second)


def test_a_page_is_one_statement_however_deep(
    owner: APIClient, records: list[str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    url = "/keyset/?page_size=10"
    while url:
        with django_assert_num_queries(2):  # one of the two is for the token
            url = owner.get(url).json()["next"]


def test_deep_pages_walk_the_index(owner: APIClient, records: list[str]) -> None:
    url = owner.get("/keyset/?page_size=10").json()["next"]

    with CaptureQueriesContext(connection) as statements:
        owner.get(url)

    assert 'ROW("tenants_idempotencyrecord"."created_at"' in statements[-1]["sql"]
    assert "OFFSET" not in statements[-1]["sql"]


def test_rows_added_meanwhile_move_no_page(
    owner: APIClient, tenant: Tenant, records: list[str]
) -> None:
    first = owner.get("/keyset/?page_size=10").json()
    IdempotencyRecord.objects.create(tenant=tenant, key="new", response_status=200)

    assert keys(owner.get(first["next"]).json()) == records[10:20]


def test_an_empty_list_has_no_other_page(owner: APIClient) -> None:
    assert owner.get("/keyset/").json() == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "%00",
        "é",
        "[]",
        "7",
        '[false,"2027-07-01T10:00:00Z"]',
        '[false,"never","0190a0e8-0000-7000-8000-000000000000"]',
        '[false,"2027-07-01T10:00:00Z","no-uuid"]',
        '["no","2027-07-01T10:00:00Z","0190a0e8-0000-7000-8000-000000000000"]',
    ],
)
def test_a_bad_cursor_is_named(owner: APIClient, text: str) -> None:
    for cursor in (text or "x", urlsafe_b64encode(text.encode()).decode()):
        response = owner.get("/keyset/", {"cursor": cursor})
        assert response.status_code == 400
        error = response.json()["errors"][0]
        assert (error["code"], error["attr"]) == ("invalid_cursor", "cursor")


def test_pages_hold_at_most_200(owner: APIClient, tenant: Tenant) -> None:
    IdempotencyRecord.objects.bulk_create(
        IdempotencyRecord(tenant=tenant, key=str(n), response_status=200) for n in range(201)
    )

    assert len(owner.get("/keyset/?page_size=1000").json()["results"]) == 200


def test_numbered_pages_count(owner: APIClient, tenant: Tenant) -> None:
    MembershipFactory.create_batch(4, tenant=tenant)

    page = owner.get("/things/?page_size=2&page=2").json()

    assert (page["count"], len(page["results"])) == (5, 2)
    assert page["next"] == "http://testserver/things/?page=3&page_size=2"
    assert page["previous"] == "http://testserver/things/?page_size=2"
