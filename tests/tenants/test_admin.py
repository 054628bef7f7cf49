"""Operators set a tenant's time zone and send window only to valid values."""

import pytest
from django.test import Client

from tenants.models import Tenant


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("time_zone", "Europe/Berln", "IANA name"),
        ("send_window", '{"from": "20:00", "to": "25:00", "days": [1]}', "time of day"),
    ],
)
def test_a_zone_or_window_that_nobody_knows_is_an_error_of_its_field(
    superuser: Client, tenant: Tenant, name: str, value: str, error: str
) -> None:
    url = f"/admin/tenants/tenant/{tenant.pk}/change/"
    form = superuser.get(url).context["adminform"].form
    form_data = {field: form.initial.get(field) or "" for field in form.fields}
    form_data |= {"send_window": "null", "opt_out_words": "[]", "opt_in_words": "[]"}
    answer = superuser.post(url, {**form_data, name: value})
    assert answer.status_code == 200
    assert error in str(answer.context["adminform"].form.errors[name])
    assert superuser.post(url, {**form_data, "is_active": "on"}).status_code == 302
