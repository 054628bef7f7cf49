"""A WhatsApp number whose provider is the sandbox."""

import time
from itertools import count

import pytest

from channels.models import TenantWAApp
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.factories import ProviderAppFactory, WhatsAppSenderFactory

ACCOUNTS = count(int(time.time()) * 1000)


@pytest.fixture
def app(tenant: Tenant, sandbox: RunningSandbox) -> TenantWAApp:
    return WhatsAppSenderFactory.create(
        tenant=tenant,
        base_url=sandbox.base_url,
        business_account_id=str(next(ACCOUNTS)),
        app=ProviderAppFactory.create(tenant=tenant),
    )
