"""Clients of the API, each with a real token of a member."""

from ipaddress import IPv6Address
from typing import Protocol
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from tenants.models import Membership, Role, Tenant
from tenants.tokens import issue
from tests.factories import MembershipFactory, TenantFactory


class MakeClient(Protocol):
    def __call__(self, role: Role = ..., *, tenant: Tenant | None = ...) -> APIClient: ...


def client_of(membership: Membership) -> APIClient:
    """A client with the member's bearer token; answers 500 instead of raising."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(membership).access_token}")
    return client


@pytest.fixture
def tenant(db: None) -> Tenant:
    return TenantFactory.create()


@pytest.fixture
def api(tenant: Tenant) -> MakeClient:
    """`api(Role.VIEWER)`: a client of a new member of `tenant`, or of the tenant given."""

    def make(role: Role = Role.OWNER, *, tenant: Tenant | None = None) -> APIClient:
        return client_of(MembershipFactory.create(tenant=tenant or home, role=role))

    home = tenant
    return make


@pytest.fixture
def owner(api: MakeClient) -> APIClient:
    return api(Role.OWNER)


@pytest.fixture
def manager(api: MakeClient) -> APIClient:
    return api(Role.MANAGER)


@pytest.fixture
def viewer(api: MakeClient) -> APIClient:
    return api(Role.VIEWER)


@pytest.fixture
def outsider(api: MakeClient) -> APIClient:
    """The owner of another tenant."""
    return api(Role.OWNER, tenant=TenantFactory.create())


@pytest.fixture
def anonymous(db: None) -> APIClient:
    """No token, and an address of its own, so that tests do not share a log-in throttle."""
    address = IPv6Address(uuid4().int)
    return APIClient(raise_request_exception=False, REMOTE_ADDR=str(address))
