"""A contact's attributes have limits, by the API and by an import, and exact numbers."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from contacts.attributes import (
    MAX_ATTRIBUTES,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NAME,
    AttributesTooLarge,
    check_attributes,
    exact,
)
from contacts.models import Contact
from tenants.models import Tenant
from tests.factories import ContactFactory


def nested(levels: int) -> Any:
    """Attributes of so many levels, in turns objects and lists."""
    value: Any = "x"
    for level in range(levels - 1):
        value = [value] if level % 2 else {"a": value}
    return {"a": value}


def sized(size: int) -> dict[str, str]:
    """Attributes of so many bytes as JSON."""
    return {"a": "x" * (size - len(json.dumps({"a": ""})))}


LIMITS = {
    "max_attributes": ({f"a{n}": n for n in range(MAX_ATTRIBUTES)}, {"one more": 1}),
    "max_name": ({"x" * MAX_NAME: 1}, {"x" * (MAX_NAME + 1): 1}),
    "max_depth": (nested(MAX_DEPTH), nested(MAX_DEPTH + 1)),
    "max_bytes": (sized(MAX_BYTES), sized(MAX_BYTES + 1)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_inclusive(name: str) -> None:
    within, surplus = LIMITS[name]
    check_attributes(within)

    beyond = within | surplus if name == "max_attributes" else surplus
    with pytest.raises(AttributesTooLarge) as refused:
        check_attributes(beyond)
    assert list(refused.value.data) == [name]
    assert refused.value.attr == "attributes"


def test_letters_count_by_their_bytes() -> None:
    with pytest.raises(AttributesTooLarge):
        check_attributes({"a": "й" * (MAX_BYTES // 2)})


def test_very_deep_attributes_are_refused_without_a_walk_to_their_end() -> None:
    with pytest.raises(AttributesTooLarge):
        check_attributes(nested(5000))


@pytest.mark.parametrize("surplus", [{"a": nested(MAX_DEPTH)}, sized(MAX_BYTES + 1)])
def test_the_api_refuses_more_and_changes_nothing(
    owner: APIClient, tenant: Tenant, surplus: dict[str, Any]
) -> None:
    contact = ContactFactory.create(tenant=tenant, attributes={"a": 1})

    answer = owner.patch(f"/contacts/{contact.pk}/", {"attributes": surplus})

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["code"], error["attr"]) == ("attributes_too_large", "attributes")
    assert Contact.objects.get().attributes == {"a": 1}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**63), "-9223372036854775808"),
        ({"a": [2**60, 1.5, True, None]}, {"a": ["1152921504606846976", 1.5, True, None]}),
    ],
)
def test_a_stored_number_that_clients_would_round_is_shown_as_text(
    owner: APIClient, tenant: Tenant, value: Any, shown: Any
) -> None:
    contact = ContactFactory.create(tenant=tenant, attributes={"n": value})

    assert exact(value) == shown
    assert owner.get(f"/contacts/{contact.pk}/").json()["attributes"] == {"n": shown}


@pytest.mark.parametrize("number", ["9007199254740992", "-1e16", "1e400", "[1, 2e300]"])
def test_the_api_takes_no_such_number(owner: APIClient, number: str) -> None:
    body = f'{{"first_name": "Ana", "attributes": {{"n": {number}}}}}'

    answer = owner.generic("POST", "/contacts/", body, "application/json")

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    attr = "attributes.n.1" if number.startswith("[") else "attributes.n"
    assert (error["code"], error["attr"]) == ("number_too_large", attr)
    assert not Contact.objects.exists()


def test_such_a_number_may_be_sent_as_text(owner: APIClient) -> None:
    body = {"first_name": "Ana", "attributes": {"n": "9007199254740993"}}

    assert owner.post("/contacts/", body).json()["attributes"] == {"n": "9007199254740993"}
