"""Operators edit contacts and suppressions in the admin."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client

from contacts.models import Contact, ContactTag, Suppression, SuppressionSource, Tag
from tenants.models import Tenant
from tests.factories import TenantFactory

Rows = dict[type[Model], Model]


def save(client: Client, contact: Model, phone: str, *, tag: str = "") -> Any:
    form = {
        "phone": phone,
        "attributes": "{}",
        "tags-TOTAL_FORMS": "1" if tag else "0",
        "tags-INITIAL_FORMS": "0",
    }
    if tag:
        form |= {"tags-0-tag": tag, "tags-0-contact": str(contact.pk)}
    return client.post(f"/admin/contacts/contact/{contact.pk}/change/", form)


def test_a_phone_is_stored_in_e164_with_its_country(superuser: Client, rows: Rows) -> None:
    answer = save(superuser, rows[Contact], "+44 20 7946 0018")
    assert answer.status_code == 302, answer.context["errors"]
    stored = Contact.objects.get(pk=rows[Contact].pk)
    assert (stored.phone, stored.country) == ("+442079460018", "GB")


def test_a_phone_without_its_prefix_is_refused(superuser: Client, rows: Rows) -> None:
    assert "A number such as +491701234567." in save(superuser, rows[Contact], "0170 12").text
    assert Contact.objects.get(pk=rows[Contact].pk).phone == "+491701234567"


def test_a_phone_is_read_in_the_tenants_country(
    superuser: Client, rows: Rows, tenant: Tenant
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(default_country="DE")
    assert save(superuser, rows[Contact], "0171 7654321").status_code == 302
    assert Contact.objects.get(pk=rows[Contact].pk).phone == "+491717654321"
    answer = save(superuser, rows[Contact], "4.91701E+11")
    assert "A spreadsheet changed this number" in answer.text


def test_a_suppression_of_digits_alone_is_refused(
    superuser: Client, rows: Rows, tenant: Tenant
) -> None:
    form = {"tenant": tenant.pk, "platform": "", "address": "4366012345678", "scope": "ALL"}
    answer = superuser.post("/admin/contacts/suppression/add/", form)
    assert "Write the number with its plus sign" in answer.text
    assert not Suppression.objects.filter(address="4366012345678").exists()


def test_a_suppression_is_entered_by_a_user(superuser: Client, rows: Rows, tenant: Tenant) -> None:
    form = {"tenant": tenant.pk, "platform": "", "address": "+491709999999", "scope": "ALL"}
    assert superuser.post("/admin/contacts/suppression/add/", form).status_code == 302
    assert Suppression.objects.get(address="+491709999999").source == "USER"


def test_a_tag_of_another_tenant_is_refused(superuser: Client, rows: Rows) -> None:
    tag = Tag.objects.create(tenant=TenantFactory.create(), name="theirs")
    answer = save(superuser, rows[Contact], "+491701234567", tag=str(tag.pk))
    assert "This belongs to another tenant." in answer.text
    assert not ContactTag.objects.filter(tag=tag).exists()


def test_a_contact_is_deleted_with_its_tags(superuser: Client, rows: Rows) -> None:
    page = f"/admin/contacts/contact/{rows[Contact].pk}/delete/"
    assert superuser.post(page, {"post": "yes"}).status_code == 302
    assert not ContactTag.objects.exists()


def test_an_opt_out_is_lifted_only_with_a_reason(superuser: Client, rows: Rows) -> None:
    suppression = rows[Suppression]
    page = f"/admin/contacts/suppression/{suppression.pk}/lift/"
    assert "This field is required." in superuser.post(page, {"reason": " "}).text
    assert Suppression.objects.filter(pk=suppression.pk).exists()

    assert superuser.post(page, {"reason": "Asked by phone"}).status_code == 302

    assert not Suppression.objects.filter(pk=suppression.pk).exists()
    assert "Asked by phone" in LogEntry.objects.get(object_id=str(suppression.pk)).change_message


@pytest.mark.parametrize("source", SuppressionSource.values)
def test_no_opt_out_is_deleted(superuser: Client, rows: Rows, source: str) -> None:
    suppression = rows[Suppression]
    Suppression.objects.update(source=source)
    page = "/admin/contacts/suppression/"
    form = {"action": "delete_selected", "_selected_action": str(suppression.pk), "post": "yes"}
    superuser.post(page, form)
    assert superuser.post(f"{page}{suppression.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Suppression.objects.filter(pk=suppression.pk).exists()
