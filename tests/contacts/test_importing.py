from django.utils import timezone

from contacts.importing import run_block
from contacts.models import Contact, ContactImport, Suppression
from tenants.models import Tenant
from tests.factories import ContactFactory


def test_an_import_creates_updates_suppresses_and_reports(tenant: Tenant) -> None:
    ContactFactory.create(tenant=tenant, external_id="b", phone="+491701234568")
    content = (
        "phone;external_id;first_name;city;do_not_contact\n"
        "0170 1234567;a;Jörg;Köln;true\n;b;Bea;;\nnonsense;c;;;\n0170 1234567;b;;;\n"
    ).encode("cp1252")
    job = ContactImport.objects.create(
        tenant=tenant, file_name="a.csv", content=content, default_country="DE", tags=["VIP"]
    )
    assert run_block(import_id=job.pk, now=timezone.now()) is False
    assert run_block(import_id=job.pk, now=timezone.now()) is False
    job.refresh_from_db()
    assert (job.rows, job.created, job.updated, job.failed) == (4, 1, 1, 2)
    made = Contact.objects.get(external_id="a")
    assert (made.first_name, made.attributes) == ("Jörg", {"city": "Köln"})
    assert Suppression.objects.get().address == "+491701234567"
    assert list(job.errors.values_list("line", flat=True)) == [4, 5]
