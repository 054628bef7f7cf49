"""`/contacts/` and `/suppressions/` as clients see them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from contacts.models import Contact, Suppression, Tag
from tenants.models import Tenant
from tests.factories import ContactFactory

NAMES = (
    *("phone", "telegram_chat_id", "whatsapp_user_id", "external_id"),
    *("email", "first_name", "last_name"),
)


def test_a_contact_is_stored_in_e164_with_its_country_and_tags(owner: APIClient) -> None:
    body = {"phone": "+49 170 1234567", "first_name": "Ana", "tags": ["VIP", "Berlin"]}
    answer = owner.post("/contacts/", body, format="json")
    assert answer.status_code == 201, answer.json()
    assert answer.json()["phone"] == "+491701234567"
    assert answer.json()["country"] == "DE"
    assert sorted(answer.json()["tags"]) == ["Berlin", "VIP"]
    assert answer.json()["do_not_contact"] is False


def test_tags_are_the_same_regardless_of_case(owner: APIClient) -> None:
    for name in ("VIP", "vip"):
        owner.post("/contacts/", {"first_name": "Ana", "tags": [name]}, format="json")
    assert Tag.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"tags": ["VIP"], "attributes": {"a": "b"}}, {"phone": "", "email": " ", "last_name": ""}],
)
def test_a_contact_without_an_identifying_field_is_refused(
    owner: APIClient, body: dict[str, object]
) -> None:
    answer = owner.post("/contacts/", body, format="json")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["code"], error["attr"]) == ("invalid", None)
    assert error["data"] == {"one_of": [*NAMES]}
    assert [name for name in NAMES if name not in error["detail"]] == []
    assert Contact.objects.count() == 0 == Tag.objects.count()


@pytest.mark.parametrize("name", NAMES)
def test_one_identifying_field_is_enough(owner: APIClient, name: str) -> None:
    values = {
        "phone": "+491701234567",
        "email": "a@b.example",
        "telegram_chat_id": 42,
        "whatsapp_user_id": "US.1",
    }
    body = {name: values.get(name, "42")}
    assert owner.post("/contacts/", body, format="json").status_code == 201


def test_a_contact_keeps_an_identifying_field(owner: APIClient) -> None:
    made = owner.post("/contacts/", {"first_name": "Ana"}, format="json").json()
    url = f"/contacts/{made['id']}/"
    assert owner.patch(url, {"first_name": ""}, format="json").status_code == 400
    assert owner.get(url).json()["first_name"] == "Ana"
    both = {"first_name": "", "phone": "+491701234567"}
    assert owner.patch(url, both, format="json").status_code == 200
    assert owner.patch(url, {"tags": ["VIP"]}, format="json").status_code == 200


def test_a_phone_that_another_contact_has_is_refused(owner: APIClient, tenant: Tenant) -> None:
    ContactFactory.create(tenant=tenant, phone="+491701234567")
    answer = owner.post("/contacts/", {"phone": "+49 170 1234567"}, format="json")
    assert answer.status_code == 400
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    ("phone", "code"),
    [("4.91701E+11", "phone_changed_by_spreadsheet"), ("+447700900123", "invalid_phone")],
)
def test_a_phone_that_may_be_another_persons_is_refused_by_its_code(
    owner: APIClient, phone: str, code: str
) -> None:
    answer = owner.post("/contacts/", {"phone": phone}, format="json")
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert (error["attr"], error["code"]) == ("phone", code)
    assert not Contact.objects.exists()


def test_a_phone_from_before_is_sent_back_unchanged(owner: APIClient, tenant: Tenant) -> None:
    contact = ContactFactory.create(tenant=tenant, phone="+447700900123")
    body = {"phone": "+447700900123", "first_name": "Ana"}
    assert owner.patch(f"/contacts/{contact.pk}/", body, format="json").status_code == 200


def test_a_number_longer_than_e164_is_refused_at_its_field(owner: APIClient) -> None:
    answer = owner.post("/contacts/", {"phone": "+49301234567890123"}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "phone"


def test_do_not_contact_is_set_and_lifted(owner: APIClient, tenant: Tenant) -> None:
    contact = ContactFactory.create(tenant=tenant, phone="+491701234567", telegram_chat_id=42)
    url = f"/contacts/{contact.pk}/do-not-contact/"
    assert owner.post(url, {"value": True}, format="json").json()["do_not_contact"] is True
    assert set(Suppression.objects.values_list("address", flat=True)) == {"+491701234567", "42"}
    assert len(owner.get("/contacts/?do_not_contact=true").json()["results"]) == 1
    assert owner.post(url, {"value": False}, format="json").json()["do_not_contact"] is False
    assert Suppression.objects.count() == 0


@pytest.mark.parametrize(
    ("query", "count"),
    [("search=ana", 1), ("search=nobody", 0), ("country=de", 1), ("country=fr", 0), ("tag=vip", 1)],
)
def test_the_list_is_narrowed(owner: APIClient, query: str, count: int) -> None:
    body = {"phone": "+491701234567", "first_name": "Ana", "tags": ["VIP"]}
    owner.post("/contacts/", body, format="json")
    assert len(owner.get(f"/contacts/?{query}").json()["results"]) == count


def test_a_list_page_costs_the_same_for_any_number(owner: APIClient, tenant: Tenant) -> None:
    counts = []
    for more in (2, 20):
        ContactFactory.create_batch(more, tenant=tenant)
        with CaptureQueriesContext(
            connection,
        ) as statements:
            owner.get("/contacts/")
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_a_suppression_made_twice_is_one(owner: APIClient) -> None:
    body = {"address": "+491701234567", "platform": "WHATSAPP", "scope": "ALL"}
    first, again = (owner.post("/suppressions/", body, format="json") for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    assert owner.delete(f"/suppressions/{first.json()['id']}/").status_code == 204
    assert Suppression.objects.count() == 0


def test_a_user_id_is_an_address_of_its_own(owner: APIClient) -> None:
    made = owner.post("/contacts/", {"whatsapp_user_id": "DE.13491208655302741918"})

    assert made.status_code == 201
    assert (made.json()["whatsapp_user_id"], made.json()["country"]) == (
        "DE.13491208655302741918",
        "DE",
    )
    again = owner.post("/contacts/", {"whatsapp_user_id": "DE.13491208655302741918"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, "unique")


@pytest.mark.parametrize(
    "user_id", ["@ana", "DE.", "de.1", "DE.1.2", "+491701234567", "DE." + "1" * 129]
)
def test_what_is_no_user_id_is_refused(owner: APIClient, user_id: str) -> None:
    answer = owner.post("/contacts/", {"first_name": "Ana", "whatsapp_user_id": user_id})

    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "whatsapp_user_id")


def test_another_spelling_of_a_contacts_number_is_taken(owner: APIClient, tenant: Tenant) -> None:
    ContactFactory.create(tenant=tenant, phone="+5215512345678")

    answer = owner.post("/contacts/", {"phone": "+525512345678"})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unique")


@pytest.mark.parametrize("number", ["+5215512345678", "+525512345678", "+52 (55) 1234-5678"])
def test_a_contact_is_found_by_any_spelling(owner: APIClient, tenant: Tenant, number: str) -> None:
    ContactFactory.create(tenant=tenant, phone="+525512345678")
    assert len(owner.get("/contacts/", {"phone": number}).json()["results"]) == 1


def test_a_suppression_is_found_by_a_number_as_people_write_it(owner: APIClient) -> None:
    owner.post("/suppressions/", {"address": "+491701234567"}, format="json")
    found = owner.get("/suppressions/", {"address": "+49 170 1234567"}).json()["results"]
    assert [row["address"] for row in found] == ["+491701234567"]
