import pytest
from rest_framework.test import APIClient

from tenants.models import Tenant
from tests.factories import MembershipFactory

pytestmark = pytest.mark.urls("tests.api.probes")


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_kind_of_route_takes_both_forms(owner: APIClient, tenant: Tenant, slash: str) -> None:
    member = MembershipFactory.create(tenant=tenant)
    for path in ("/things", f"/things/{member.pk}", f"/things/{str(member.pk).upper()}"):
        assert owner.get(path + slash).status_code == 200
    assert owner.post(f"/things/{member.pk}/credentials{slash}").status_code == 200
    assert owner.post(f"/fields{slash}", {}).status_code == 200


@pytest.mark.parametrize(
    "malformed", ["7", "x", "0190a0e8-0000-7000-8000-00000000000", "%00", "%0A"]
)
def test_a_malformed_id_is_not_found(owner: APIClient, malformed: str) -> None:
    response = owner.get(f"/things/{malformed}/")

    assert response.status_code == 404
    assert response.json()["errors"][0] == {
        "code": "not_found",
        "detail": "Not found.",
        "attr": None,
    }


def test_a_named_route_beside_ids_is_no_id(owner: APIClient) -> None:
    assert owner.get("/things/members/").status_code == 200
    assert owner.get("/things/members").json()["count"] == 1
