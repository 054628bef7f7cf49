"""A WhatsApp number that no provider answers for."""

import pytest

from channels.models import TenantWAApp
from tenants.models import Tenant
from tests.factories import (
    WhatsAppSenderFactory,
)


@pytest.fixture
def app(tenant: Tenant) -> TenantWAApp:
    return WhatsAppSenderFactory.create(tenant=tenant)
