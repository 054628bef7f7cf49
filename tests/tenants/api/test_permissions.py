import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from tenants.api.permissions import Action
from tenants.models import Membership, Role, Tenant
from tests.factories import MembershipFactory
from tests.fixtures.api import MakeClient, client_of

pytestmark = pytest.mark.urls("tests.api.probes")

RIGHTS = {
    Role.VIEWER: {"READ"},
    Role.MANAGER: {"READ", "WRITE", "SEND"},
    Role.ADMIN: {
        "READ",
        "WRITE",
        "SEND",
        "MANAGE_CREDENTIALS",
        "MANAGE_MEMBERS",
        "MANAGE_MONEY",
    },
    Role.OWNER: {
        "READ",
        "WRITE",
        "SEND",
        "MANAGE_CREDENTIALS",
        "MANAGE_MEMBERS",
        "MANAGE_MONEY",
    },
}


@pytest.mark.parametrize("role", Role)
def test_each_role_has_its_rights_and_no_others(api: MakeClient, role: Role) -> None:
    client = api(role)

    allowed = {right for right in Action if client.post(f"/rights/{right}/").status_code == 200}

    assert allowed == RIGHTS[role]


def test_operating_is_for_superusers(tenant: Tenant) -> None:
    member = MembershipFactory.create(tenant=tenant, role=Role.VIEWER, user__is_superuser=True)

    assert client_of(member).post("/rights/OPERATE/").status_code == 200


@pytest.mark.parametrize(
    ("role", "method", "status"),
    [
        (Role.VIEWER, "get", 200),
        (Role.VIEWER, "put", 403),
        (Role.VIEWER, "patch", 403),
        (Role.VIEWER, "delete", 403),
        (Role.MANAGER, "get", 200),
        (Role.MANAGER, "patch", 200),
        (Role.MANAGER, "delete", 204),
    ],
)
def test_what_a_view_does_not_declare_goes_by_method(
    api: MakeClient, tenant: Tenant, role: Role, method: str, status: int
) -> None:
    member = MembershipFactory.create(tenant=tenant)

    response = api(role).generic(method.upper(), f"/things/{member.pk}/", "{}", "application/json")

    assert response.status_code == status
    assert Membership.objects.filter(pk=member.pk).exists() == (status != 204)


def test_a_declared_right_beats_the_method(api: MakeClient, tenant: Tenant) -> None:
    url = f"/things/{MembershipFactory.create(tenant=tenant).pk}/credentials/"

    assert api(Role.MANAGER).post(url).status_code == 403
    assert api(Role.ADMIN).post(url).status_code == 200


def test_a_demoted_member_loses_the_right_at_once(tenant: Tenant) -> None:
    member = MembershipFactory.create(tenant=tenant, role=Role.MANAGER)
    client = client_of(member)
    assert client.post("/rights/WRITE/").status_code == 200

    Membership.objects.filter(pk=member.pk).update(role=Role.VIEWER)

    assert client.post("/rights/WRITE/").status_code == 403


def test_another_tenants_rows_do_not_exist(outsider: APIClient, tenant: Tenant) -> None:
    member = MembershipFactory.create(tenant=tenant)

    assert outsider.get(f"/things/{member.pk}/").status_code == 404
    assert str(member.pk) not in outsider.get("/things/").content.decode()


def test_a_foreign_id_in_a_body_is_refused_like_an_unknown_one(
    owner: APIClient, tenant: Tenant
) -> None:
    foreign, own = MembershipFactory.create(), MembershipFactory.create(tenant=tenant)
    unknown = MembershipFactory.build().pk

    answers = [owner.post("/fields/", {"member": str(id_)}) for id_ in (foreign.pk, unknown)]

    assert [answer.status_code for answer in answers] == [400, 400]
    details = [answer.json()["errors"][0] for answer in answers]
    assert [detail["code"] for detail in details] == ["does_not_exist"] * 2
    assert details[0]["detail"].replace(str(foreign.pk), str(unknown)) == details[1]["detail"]
    assert owner.post("/fields/", {"member": str(own.pk)}).status_code == 200


def test_a_request_costs_one_statement_to_authenticate(
    owner: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert owner.post("/rights/READ/").status_code == 200
