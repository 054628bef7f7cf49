"""A request takes as many recipients as documented; a larger body is refused with its limit."""

from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from broadcast.api.recipients import LARGEST_BODY, MAX_RECIPIENTS
from broadcast.models import Broadcast
from tenants.models import Tenant
from tests.factories import BroadcastFactory

CONTACTS = """
INSERT INTO contacts_contact (id, tenant_id, external_id, phone, country, first_name, last_name,
    email, attributes, time_zone, created_at, updated_at)
SELECT uuidv7(), %s, 'customer-' || n, '+4917' || 10000000 + n, 'DE', '', '', '', '{}', '',
    now(), now()
FROM generate_series(1, %s) n RETURNING id
"""


@pytest.fixture
def many(tenant: Tenant) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(CONTACTS, [tenant.pk, MAX_RECIPIENTS])
        return [str(row[0]) for row in cursor.fetchall()]


def body(recipients: Any) -> dict[str, Any]:
    return {"name": "All", "platform": "SMS", "text": "Hello", "recipients": recipients}


def test_100_000_recipients_are_taken_in_each_form(owner: APIClient, many: list[str]) -> None:
    objects = [{"contact": contact, "variables": {"code": "A-1234567890"}} for contact in many]

    made = owner.post("/broadcast/", body(many))
    edited = owner.patch(f"/broadcast/{made.json()['id']}/", {"recipients": objects})

    assert (made.status_code, made.json()["total"]) == (201, MAX_RECIPIENTS)
    assert (edited.status_code, edited.json()["total"]) == (200, MAX_RECIPIENTS)


def test_an_estimate_takes_as_many(owner: APIClient, many: list[str]) -> None:
    answer = owner.post("/broadcast/estimate/", body(many))

    assert answer.status_code != 413
    assert answer.json()["errors"][0]["attr"] == "sender"  # there is none


def test_more_recipients_are_refused_with_the_way_out(owner: APIClient) -> None:
    answer = owner.post("/broadcast/", body(["x"] * (MAX_RECIPIENTS + 1)))

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["attr"] == "recipients"
    assert "at most 100000 recipients" in error["detail"]
    assert "audience" in error["detail"]


def test_a_larger_body_is_refused_with_the_limit_and_the_way_out(
    owner: APIClient, tenant: Tenant
) -> None:
    broadcast = BroadcastFactory.create(tenant=tenant)
    text = "x" * LARGEST_BODY
    for method, path in (
        ("POST", "/broadcast/"),
        ("POST", "/broadcast/estimate/"),
        ("PATCH", f"/broadcast/{broadcast.pk}/"),
    ):
        answer = owner.generic(method, path, f'{{"name": "{text}"}}', "application/json")
        assert answer.status_code == 413
        assert answer.json()["errors"][0] == {
            "code": "request_too_large",
            "detail": "The request's body may have at most 33,554,432 bytes here. Tag the contacts "
            "and give an audience instead of recipients.",
            "attr": None,
            "data": {"limit": LARGEST_BODY},
        }
    assert Broadcast.objects.count() == 1


def test_a_route_without_recipients_has_the_general_limit(
    owner: APIClient, settings: Settings
) -> None:
    text = "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    answer = owner.post("/contacts/", {"first_name": text})

    assert answer.status_code == 413
    (error,) = answer.json()["errors"]
    assert error["data"] == {"limit": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    assert error["detail"].endswith("Send it in several requests.")
