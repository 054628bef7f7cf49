from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.models import Membership, Role, Tenant, User
from tests.factories import PASSWORD, MembershipFactory

pytestmark = pytest.mark.django_db


def create(**options: Any) -> str:
    out = StringIO()
    defaults = {"name": "Acme Ltd", "owner_email": "Owner@Example.com", "password": PASSWORD}
    call_command("create_tenant", stdout=out, **{**defaults, **options})
    return out.getvalue()


def test_makes_a_tenant_and_its_owner() -> None:
    create(currency="chf", time_zone="Europe/Zurich", country="ch")

    tenant = Tenant.objects.get()
    assert (tenant.slug, tenant.currency, tenant.default_country) == ("acme-ltd", "CHF", "CH")
    assert tenant.time_zone == "Europe/Zurich"
    member = Membership.objects.get(tenant=tenant)
    assert (member.role, member.user.email) == (Role.OWNER, "owner@example.com")
    assert member.user.check_password(PASSWORD)


def test_a_second_run_changes_nothing() -> None:
    create()

    output = create(password="something else entirely", currency="USD")

    assert "already there, password unchanged" in output
    assert User.objects.get().check_password(PASSWORD)
    assert Tenant.objects.get().currency == "EUR"
    assert Membership.objects.count() == 1


def test_a_generated_password_is_printed_once() -> None:
    first, second = create(password=None), create(password=None)

    password = first.strip().rpartition(" ")[2]
    assert User.objects.get().check_password(password)
    assert password not in second


def test_another_owner_does_not_take_a_tenant_over() -> None:
    MembershipFactory.create(tenant__slug="acme-ltd")

    with pytest.raises(CommandError, match="already exists"):
        create()

    assert not User.objects.filter(email="owner@example.com").exists()


@pytest.mark.parametrize(
    "option",
    [
        {"time_zone": "Mars/Olympus"},
        {"owner_email": "nobody"},
        {"name": "!!!"},
        {"currency": "EURO"},
        {"currency": "€"},
        {"country": "A1"},
        {"country": "AUT"},
        {"password": "short"},
    ],
)
def test_nonsense_is_refused_before_anything_is_made(option: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        create(**option)

    assert not Tenant.objects.exists()
    assert not User.objects.exists()
