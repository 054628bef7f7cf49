"""A body with an unknown field is refused: the API would not do what the client asked."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from broadcast.models import Broadcast
from tenants.models import Tenant
from tests.api.objects import OBJECTS
from tests.api.routes import all_routes
from tests.factories import BroadcastFactory, ContactFactory

MULTIPART = "multipart/form-data"


def calls_with_a_body() -> Iterator[tuple[str, str, str]]:
    """Method, path and content type of all calls with a body, except log-in."""
    for path, operations in SchemaGenerator().get_schema(public=True)["paths"].items():
        for method, operation in operations.items():
            kinds = operation.get("requestBody", {}).get("content", {})
            if kinds and not path.startswith("/token/"):
                yield method, path, MULTIPART if MULTIPART in kinds else "application/json"


def key_of(path: str) -> str:
    keys = {route.name: route.key for route in all_routes()}
    return keys[resolve(re.sub("{[^}]+}", str(uuid4()), path)).view_name]


def test_every_route_refuses_an_unknown_field_by_its_name(owner: APIClient, tenant: Tenant) -> None:
    calls = list(calls_with_a_body())
    assert len(calls) > 20
    keys = {key_of(path) for _, path, _ in calls}
    objects = {key: OBJECTS[key](tenant) for key in keys & OBJECTS.keys()}
    for method, path, kind in calls:
        form = "multipart" if kind == MULTIPART else "json"
        target = objects.get(key_of(path))
        url = re.sub("{[^}]+}", str(getattr(target, "pk", target)), path)
        answer = getattr(owner, method)(url, {"no_such_field": "1"}, format=form)
        errors: list[dict[str, Any]] = answer.json().get("errors", [])
        refusals = [(answer.status_code, error["code"], error["attr"]) for error in errors]
        assert refusals == [(400, "unknown_field", "no_such_field")], (method, path)


def test_every_action_without_a_body_refuses_one(owner: APIClient, tenant: Tenant) -> None:
    """For example /cancel/ with a `reason` or /resume/ with an `at`: both would have no effect."""
    operations = SchemaGenerator().get_schema(public=True)["paths"]
    posts = {
        path: operation["post"] for path, operation in operations.items() if "post" in operation
    }
    paths = [path for path, operation in posts.items() if "requestBody" not in operation]
    assert len(paths) >= 10
    assert all("400" in operation["responses"] for operation in posts.values())
    objects = {key: OBJECTS[key](tenant) for key in {key_of(path) for path in paths}}
    for path in paths:
        target = objects[key_of(path)]
        url = re.sub("{[^}]+}", str(getattr(target, "pk", target)), path)
        (error,) = owner.post(url, {"no_such_field": "1"}).json().get("errors", [{}])
        assert (error.get("code"), error.get("attr")) == ("unknown_field", "no_such_field"), path
        assert owner.post(url, [1]).status_code == 400, path


@pytest.mark.parametrize("body", ["", "null", "{}"])
def test_an_empty_body_has_no_unknown_field(owner: APIClient, tenant: Tenant, body: str) -> None:
    """HTTP clients without a body send nothing, or `null` with JSON as the content type."""
    url = f"/broadcast/{BroadcastFactory.create(tenant=tenant).pk}/cancel/"
    answer = owner.generic("POST", url, body, content_type="application/json")
    assert answer.status_code == 200, answer.json()


@pytest.mark.parametrize("misspelt", ["schedule_at", "expire_at", "send_windows"])
def test_a_misspelt_field_makes_no_broadcast(owner: APIClient, misspelt: str) -> None:
    answer = owner.post("/broadcast/", {"name": "N", "platform": "TELEGRAM", misspelt: None})

    assert answer.status_code == 400
    assert not Broadcast.objects.exists()


def test_the_refusal_says_what_is_known(owner: APIClient) -> None:
    (error,) = owner.post("/suppressions/", {"adress": "42"}).json()["errors"]

    assert error["detail"] == "Unknown here. Known are: platform, address, scope, reason."


def test_a_misspelt_hash_sends_nothing(owner: APIClient, tenant: Tenant) -> None:
    broadcast = OBJECTS["broadcast"](tenant)
    assert isinstance(broadcast, Broadcast)

    answer = owner.post(f"/broadcast/{broadcast.pk}/send/", {"estimatehash": "x"})

    assert answer.json()["errors"][0]["attr"] == "estimatehash"
    broadcast.refresh_from_db()
    assert broadcast.status == "DRAFT"


@pytest.mark.parametrize(
    ("key", "path", "method"),
    [
        ("broadcast", "/broadcast/", "patch"),
        ("contact", "/contacts/", "put"),
        ("contact", "/contacts/", "patch"),
        ("sender", "/senders/", "patch"),
        ("provider-app", "/provider-apps/", "patch"),
        ("template", "/templates/", "patch"),
    ],
)
def test_an_object_that_was_read_can_be_written_back(
    owner: APIClient, tenant: Tenant, key: str, path: str, method: str
) -> None:
    made = OBJECTS[key](tenant)
    assert not isinstance(made, str)
    url = f"{path}{made.pk}/"

    answer = getattr(owner, method)(url, owner.get(url).json())

    assert answer.status_code == 200, answer.json()


def test_a_whole_broadcast_can_be_written_back(owner: APIClient, tenant: Tenant) -> None:
    contact = ContactFactory.create(tenant=tenant)
    body = {
        "name": "News",
        "platform": "TELEGRAM",
        "text": "Hello",
        "recipients": [str(contact.pk)],
        "fallback": [{"platform": "SMS", "text": "Hello"}],
        "send_window": {"days": [1], "from": "09:00", "to": "20:00"},
    }
    made = owner.post("/broadcast/", body).json()

    answer = owner.put(f"/broadcast/{made['id']}/", owner.get(f"/broadcast/{made['id']}/").json())

    assert answer.status_code == 200, answer.json()
    assert answer.json() == made | {"updated_at": answer.json()["updated_at"]}


def test_the_wallet_can_be_written_back(owner: APIClient) -> None:
    assert owner.patch("/wallet/", owner.get("/wallet/").json()).status_code == 200
