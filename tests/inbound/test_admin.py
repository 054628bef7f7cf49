"""Operators find webhook calls in the admin."""

from datetime import UTC, datetime

from django.test import Client

from inbound.models import ProviderEvent
from tenants.models import Tenant
from tests.factories import ProviderAppFactory

LIST = "/admin/inbound/providerevent/"


def test_what_was_set_aside_is_found_without_naming_an_app(
    superuser: Client, tenant: Tenant
) -> None:
    app = ProviderAppFactory.create(tenant=tenant)
    applied, set_aside = (
        ProviderEvent.objects.create(
            app=app, body=b"{}", status=status, received_at=datetime.now(UTC)
        )
        for status in ("APPLIED", "FAILED")
    )
    assert "?event_status=FAILED" in superuser.get(LIST).text
    page = superuser.get(f"{LIST}?event_status=FAILED").text
    assert str(set_aside.pk) in page
    assert str(applied.pk) not in page
