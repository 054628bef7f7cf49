"""A read-only field is sent back as it was read, or refused: generated from the schema."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from broadcast.api.input_serializers import BroadcastWriteSerializer
from channels.api.serializers import SenderSerializer
from contacts.api.serializers import ContactSerializer
from contacts.models import Contact
from templates_wa.api.serializers import TemplateSerializer
from tenants.models import Tenant
from tests.api.objects import OBJECTS
from tests.api.routes import all_routes
from tests.factories import ContactFactory
from wallet.api.serializers import LowBalanceSerializer

DOCUMENT: dict[str, Any] = SchemaGenerator().get_schema(public=True)
KEYS = {route.name: route.key for route in all_routes()}
WITH_CHANGES = (
    BroadcastWriteSerializer,
    ContactSerializer,
    LowBalanceSerializer,
    SenderSerializer,
    TemplateSerializer,
)


def properties_of(content: Mapping[str, Any]) -> set[str]:
    """The fields of a JSON body; empty if the body is no object of the document."""
    schema = content.get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return set(DOCUMENT["components"]["schemas"].get(name, schema).get("properties", ()))


def operations() -> Iterator[Any]:
    """(method, path, names of read-only fields) of what creates or edits an object."""
    for path, item in DOCUMENT["paths"].items():
        for method in ("post", "put", "patch"):
            operation = item.get(method, {})
            body = properties_of(operation.get("requestBody", {}).get("content", {}))
            answers = operation.get("responses", {})
            shown = properties_of(answers.get("201", answers.get("200", {})).get("content", {}))
            is_action = method == "post" and "{" in path
            if body and shown and not is_action and body & shown and shown - body:
                yield pytest.param(method, path, sorted(shown - body), id=f"{method} {path}")


OPERATIONS = list(operations())
EDITS = [operation for operation in OPERATIONS if operation.values[0] != "post"]
CREATIONS = [operation for operation in OPERATIONS if operation.values[0] == "post"]


def url_of(path: str, tenant: Tenant) -> str:
    if "{" not in path:
        return path
    key = KEYS[resolve(re.sub("{[^}]+}", str(uuid4()), path)).view_name]
    made = OBJECTS[key](tenant)
    return re.sub("{[^}]+}", str(getattr(made, "pk", made)), path)


def another_value(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case None:
            return "other"
        case list() | dict():
            return {"other": 1}
        case _:
            return f"{value}x"


def refusals(answer: Any) -> list[tuple[int, str, str]]:
    errors = answer.json().get("errors", [])
    return [(answer.status_code, error["code"], error["attr"]) for error in errors]


def test_every_operation_is_tried() -> None:
    assert len(EDITS) >= 8
    assert len(CREATIONS) >= 6
    assert sum(len(operation.values[2]) for operation in EDITS) >= 100


@pytest.mark.parametrize(("method", "path", "names"), EDITS)
def test_another_value_of_a_read_only_field_is_refused_by_name(
    owner: APIClient, tenant: Tenant, method: str, path: str, names: list[str]
) -> None:
    url = url_of(path, tenant)
    shown = owner.get(url).json()
    for name in names:
        answer = getattr(owner, method)(url, {**shown, name: another_value(shown[name])})
        assert refusals(answer) == [(400, "read_only", name)]
        answer = owner.patch(url, {name: another_value(shown[name])})
        assert refusals(answer) == [(400, "read_only", name)]
    assert owner.get(url).json() == shown


@pytest.mark.parametrize(("method", "path", "names"), EDITS)
def test_what_was_read_can_be_sent_back(
    owner: APIClient, tenant: Tenant, method: str, path: str, names: list[str]
) -> None:
    url = url_of(path, tenant)
    shown = owner.get(url).json()

    answer = getattr(owner, method)(url, shown)

    assert answer.status_code == 200, answer.json()


@pytest.mark.parametrize(("method", "path", "names"), CREATIONS)
def test_a_new_object_takes_no_read_only_field(
    owner: APIClient, method: str, path: str, names: list[str]
) -> None:
    for name in names:
        values: tuple[Any, ...] = ("x", None, {})
        for value in values:
            answer = getattr(owner, method)(path, {name: value}, format="json")
            (refusal,) = refusals(answer)
            assert refusal in {(400, "read_only", name), (400, "unknown_field", name)}


def test_the_refusal_names_the_action(owner: APIClient, tenant: Tenant) -> None:
    contact: Contact = ContactFactory.create(tenant=tenant)

    (error,) = owner.patch(f"/contacts/{contact.pk}/", {"do_not_contact": True}).json()["errors"]

    assert error == {
        "code": "read_only",
        "detail": "This field is read-only. POST /contacts/{id}/do-not-contact/ changes it.",
        "attr": "do_not_contact",
    }
    assert owner.get(f"/contacts/{contact.pk}/").json()["do_not_contact"] is False


def test_a_flag_that_is_sent_back_unchanged_stays(owner: APIClient, tenant: Tenant) -> None:
    url = f"/contacts/{ContactFactory.create(tenant=tenant, phone='+491701234567').pk}/"
    owner.post(f"{url}do-not-contact/", {"value": True})

    answer = owner.patch(url, {"do_not_contact": True, "first_name": "Ada"})
    lifted = owner.patch(url, {"do_not_contact": False})

    assert (answer.status_code, answer.json()["do_not_contact"]) == (200, True)
    assert refusals(lifted) == [(400, "read_only", "do_not_contact")]


def test_a_time_in_another_spelling_is_the_same_value(owner: APIClient, tenant: Tenant) -> None:
    url = f"/contacts/{ContactFactory.create(tenant=tenant).pk}/"
    created_at: str = owner.get(url).json()["created_at"]

    answer = owner.patch(url, {"created_at": created_at.replace("Z", "+00:00")})

    assert answer.status_code == 200


@pytest.mark.parametrize("serializer", WITH_CHANGES)
def test_the_actions_that_refusals_name_exist(serializer: Any) -> None:
    texts = " ".join(serializer.changed_by.values())
    paths = re.findall(r"POST (/\S+/)", texts)
    assert paths
    assert serializer.changed_by.keys() <= serializer().read_only_names
    for path in paths:
        assert "post" in DOCUMENT["paths"][path], path
