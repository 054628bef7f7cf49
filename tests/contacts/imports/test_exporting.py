from django.utils import timezone
from rest_framework.test import APIClient

from contacts.imports.importing import run_import
from contacts.models import Contact, ContactImport
from tenants.models import Tenant
from tests.factories import ContactFactory, TenantFactory


def test_the_export_holds_the_tenants_contacts_and_no_formula(
    owner: APIClient, tenant: Tenant
) -> None:
    ContactFactory.create(tenant=tenant, external_id="a", phone="+491701234567", first_name="=1+1")
    ContactFactory.create(tenant=TenantFactory.create(), external_id="foreign")
    answer = owner.get("/contacts/export/")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert lines[1:] == ["a,+491701234567,'=1+1,,,,,,False,,"]


def test_excel_shows_umlauts(owner: APIClient) -> None:
    answer = owner.get("/contacts/export/")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert content.startswith(b"\xef\xbb\xbfexternal_id,")


def test_an_export_comes_back_unchanged(owner: APIClient, tenant: Tenant) -> None:
    body = {
        "phone": "+491701234567",
        "external_id": "a",
        "first_name": "Zoë",
        "last_name": "=1+1;=2",
        "tags": ["VIP", "Köln"],
        "attributes": {"size": 42, "nested": {"a": ["b;=c"]}, "sign": "'+x"},
        "time_zone": "Europe/Berlin",
        "telegram_chat_id": 42,
    }
    owner.post("/contacts/", body)
    content = b"".join(owner.get("/contacts/export/").streaming_content)  # type: ignore[attr-defined]
    job = ContactImport.objects.create(tenant=tenant, file_name="export.csv", content=content)

    run_import(import_id=job.pk, clock=timezone.now)

    job.refresh_from_db()
    assert (job.status, job.unchanged, job.rows) == ("DONE", 1, 1)
    assert Contact.objects.get().attributes == body["attributes"]
