"""A tenant keeps an active owner, and the installation an active superuser."""

from typing import Any

import pytest
from django.test import Client

from tenants.models import Membership, Role, Tenant, User
from tests.factories import MembershipFactory, UserFactory

MEMBERS = "/admin/tenants/membership/"
USERS = "/admin/tenants/user/"


def save_user(client: Client, user: User, **ticked: bool) -> Any:
    form = {"email": user.email, "name": user.name}
    form |= {name: "on" for name, is_ticked in ticked.items() if is_ticked}
    return client.post(f"{USERS}{user.pk}/change/", form)


def save_role(client: Client, member: Membership, role: Role) -> Any:
    return client.post(f"{MEMBERS}{member.pk}/change/", {"role": role.value})


def role_of(member: Membership) -> str:
    return Membership.objects.get(pk=member.pk).role


@pytest.fixture
def owner_member(tenant: Tenant) -> Membership:
    MembershipFactory.create(tenant=tenant, role=Role.ADMIN)
    MembershipFactory.create(tenant=tenant, role=Role.OWNER, user__is_active=False)
    return MembershipFactory.create(tenant=tenant, role=Role.OWNER)


def test_the_last_active_owner_is_not_demoted(superuser: Client, owner_member: Membership) -> None:
    answer = save_role(superuser, owner_member, Role.VIEWER)
    assert "has no other active owner" in answer.text
    assert role_of(owner_member) == Role.OWNER


def test_the_last_active_owner_is_not_removed(superuser: Client, owner_member: Membership) -> None:
    page = f"{MEMBERS}{owner_member.pk}/delete/"
    answer = superuser.post(page, {"post": "yes"}, follow=True)
    assert "has no other active owner" in answer.text
    assert role_of(owner_member) == Role.OWNER


def test_the_last_active_owner_is_not_deactivated(
    superuser: Client, owner_member: Membership
) -> None:
    answer = save_user(superuser, owner_member.user, is_active=False)
    assert "has no other active owner" in answer.text
    assert User.objects.get(pk=owner_member.user_id).is_active


def test_members_are_not_removed_in_bulk(superuser: Client, owner_member: Membership) -> None:
    form = {"action": "delete_selected", "_selected_action": str(owner_member.pk), "post": "yes"}
    superuser.post(MEMBERS, form)
    assert role_of(owner_member) == Role.OWNER


def test_one_of_two_owners_is_demoted_deactivated_and_removed(
    superuser: Client, owner_member: Membership
) -> None:
    tenant = owner_member.tenant
    first, second, third = MembershipFactory.create_batch(3, tenant=tenant, role=Role.OWNER)
    assert save_role(superuser, first, Role.ADMIN).status_code == 302
    assert save_user(superuser, second.user, is_active=False).status_code == 302
    answer = superuser.post(f"{MEMBERS}{third.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert role_of(first) == Role.ADMIN
    assert not User.objects.get(pk=second.user_id).is_active
    assert not Membership.objects.filter(pk=third.pk).exists()


@pytest.mark.parametrize("lost", ["is_active", "is_superuser"])
def test_the_last_superuser_keeps_access(superuser: Client, lost: str) -> None:
    user = User.objects.get(is_superuser=True)
    UserFactory.create(is_superuser=True, is_active=False)
    ticked = {"is_active": True, "is_staff": True, "is_superuser": True, lost: False}
    answer = save_user(superuser, user, **ticked)
    assert "the last active superuser" in answer.text
    user.refresh_from_db()
    assert user.is_active
    assert user.is_superuser


def test_one_of_two_superusers_may_go(superuser: Client) -> None:
    other = UserFactory.create(is_superuser=True, is_staff=True)
    assert save_user(superuser, other, is_active=True).status_code == 302
    assert not User.objects.get(pk=other.pk).is_superuser
