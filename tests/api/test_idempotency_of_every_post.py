"""Every POST takes an Idempotency-Key: generated from the URL table.

A route that is not in BODIES is tried with a malformed key alone, which must be refused.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from contacts.models import Contact, ContactImport
from tenants.models import IdempotencyRecord, Tenant
from tests.api.all_routes import ROUTES, object_id
from tests.api.routes import Route, all_routes

POST_ROUTES = [route for route in ROUTES if "post" in route.methods]
POSTS = [pytest.param(route, id=str(route)) for route in POST_ROUTES]
WITHOUT_KEY: Mapping[str, str] = {
    "token": "The caller is not known before, and the answer holds tokens, which are not stored.",
    "token-refresh": "As for the log-in.",
}
"""API views whose POST takes no key, with the reason."""

BODIES: Mapping[tuple[str, str], Any] = {
    ("broadcast", "create"): {"name": "N", "platform": "TELEGRAM", "text": "Hello"},
    ("broadcast", "cancel"): {},
    ("broadcast", "unschedule"): {},
    ("contact", "create"): {"first_name": "Ada"},
    ("contact", "do_not_contact"): {"value": True},
    ("suppression", "create"): {"address": "+491701234567", "platform": "SMS"},
    ("provider-app", "create"): {
        "provider": "meta_cloud",
        "name": "App",
        "secrets": {"app_secret": "x" * 32, "verify_token": "y" * 32},
    },
    ("sender", "create"): {
        "name": "Bot",
        "platform": "TELEGRAM",
        "provider": "telegram_bot",
        "address": "@x",
        "account_id": "4711",
        "credentials": {"bot_token": "4711:AAbbccddeeffgghhiijjkkllmmnnooppqqr"},
    },
    ("sender", "deactivate"): {},
    ("template", "set_status"): {"status": "PAUSED"},
    ("template", "preview"): {},
}
"""By the route's key and action: a body that is answered with 2xx."""


def tried(route: Route) -> Any:
    return BODIES.get((route.key, route.methods["post"]))


WITH_BODY = [
    pytest.param(route, id=str(route)) for route in POST_ROUTES if tried(route) is not None
]


def ask(client: APIClient, url: str, body: Any, key: str = "k") -> Any:
    return client.post(url, body, headers={"Idempotency-Key": key}, format="json")


def rows() -> dict[str, int]:
    """The number of rows of every table of the product, without the records of keys."""
    models: list[type[Model]] = list(apps.get_models())
    return {
        model.__name__: model._default_manager.count()
        for model in models
        if model is not IdempotencyRecord
    }


def test_every_post_is_known() -> None:
    names = {route.name for route in POST_ROUTES} | set(WITHOUT_KEY)
    posts = {
        route.name
        for route in all_routes()
        if route.is_api and "post" in route.methods and "webhook" not in route.pattern
    }
    assert posts == names
    assert len(WITH_BODY) == len(BODIES)
    assert len(POSTS) > 25


@pytest.mark.parametrize("route", POSTS)
def test_every_post_refuses_a_malformed_key(owner: APIClient, tenant: Tenant, route: Route) -> None:
    url = route.url(object_id(route, tenant))

    answer = owner.post(url, {}, headers={"Idempotency-Key": "x" * 256}, format="json")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "Idempotency-Key"


@pytest.mark.parametrize("route", WITH_BODY)
def test_a_repetition_gets_the_first_answer_and_has_no_effect(
    owner: APIClient, tenant: Tenant, route: Route
) -> None:
    url = route.url(object_id(route, tenant))
    first = ask(owner, url, tried(route))
    assert 200 <= first.status_code < 300, first.json()
    before = rows()

    second = ask(owner, url, tried(route))

    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert rows() == before


@pytest.mark.parametrize("route", WITH_BODY)
def test_another_body_is_refused(owner: APIClient, tenant: Tenant, route: Route) -> None:
    url = route.url(object_id(route, tenant))
    ask(owner, url, tried(route))
    before = rows()

    answer = ask(owner, url, {"other": str(uuid4())})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "idempotency_key_reused"
    assert rows() == before


def test_a_key_makes_one_contact(owner: APIClient) -> None:
    answers = [ask(owner, "/contacts/", {"first_name": "Ada"}) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {201}
    assert Contact.objects.count() == 1


def upload(client: APIClient, content: bytes, name: str = "people.csv") -> Any:
    body = {"file": SimpleUploadedFile(name, content, "text/csv"), "tags": ["a", "b"]}
    return client.post(
        "/contacts/imports/", body, format="multipart", headers={"Idempotency-Key": "k"}
    )


def test_a_file_is_part_of_the_body(owner: APIClient) -> None:
    content = b"first_name,phone\nAda,+491701234567\n"
    first = upload(owner, content)
    second = upload(owner, content)
    other_file = upload(owner, content.replace(b"67\n", b"68\n"))
    other_name = upload(owner, content, name="others.csv")

    assert (first.status_code, second.content) == (202, first.content)
    assert (other_file.status_code, other_name.status_code) == (422, 422)
    assert bytes(ContactImport.objects.get().content or b"") == content


def test_the_document_shows_the_key_at_every_post() -> None:
    for path, operations in SchemaGenerator().get_schema(public=True)["paths"].items():
        operation = operations.get("post", {"parameters": [], "responses": {}})
        names = {parameter["name"] for parameter in operation.get("parameters", ())}
        expected = "post" in operations and not path.startswith("/token/")
        assert ("Idempotency-Key" in names) is expected, path
        assert ({"409", "422"} <= operation["responses"].keys()) is expected, path
