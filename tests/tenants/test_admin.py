"""What operators set of a tenant must be something that its broadcasts can go by."""

import pytest
from django.test import Client

from tenants.models import Tenant


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("time_zone", "Europe/Berln", "IANA name"),
        ("send_window", '{"from": "20:00", "to": "25:00", "days": [1]}', "time of day"),
    ],
)
def test_a_zone_or_window_that_nobody_knows_is_an_error_of_its_field(
    superuser: Client, tenant: Tenant, name: str, value: str, said: str
) -> None:
    url = f"/admin/tenants/tenant/{tenant.pk}/change/"
    form = superuser.get(url).context["adminform"].form
    given = {each: form.initial.get(each) or "" for each in form.fields}
    given |= {"send_window": "null", "opt_out_words": "[]", "opt_in_words": "[]"}
    answer = superuser.post(url, {**given, name: value})
    assert answer.status_code == 200
    assert said in str(answer.context["adminform"].form.errors[name])
    assert superuser.post(url, {**given, "is_active": "on"}).status_code == 302
