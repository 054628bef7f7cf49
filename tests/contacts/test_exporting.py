from rest_framework.test import APIClient

from contacts.exporting import safe
from tenants.models import Tenant
from tests.factories import ContactFactory, TenantFactory


def test_the_export_holds_the_tenants_contacts_and_no_formula(
    owner: APIClient, tenant: Tenant
) -> None:
    ContactFactory.create(tenant=tenant, external_id="a", phone="+491701234567", first_name="=1+1")
    ContactFactory.create(tenant=TenantFactory.create(), external_id="foreign")
    answer = owner.get("/contacts/export/")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[1:] == ["a,+491701234567,'=1+1,,,,,False,"]


def test_what_a_spreadsheet_would_run_is_quoted() -> None:
    assert [safe(each) for each in ("@x", "-1+2", "+49170", -5, None)] == [
        "'@x",
        "'-1+2",
        "+49170",
        "-5",
        "",
    ]
