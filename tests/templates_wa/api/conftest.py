"""A WhatsApp number whose provider cannot be reached."""

import pytest

from channels.models import TenantWAApp
from tenants.models import Tenant
from tests.factories import (
    WhatsAppSenderFactory,
)


@pytest.fixture
def app(tenant: Tenant) -> TenantWAApp:
    return WhatsAppSenderFactory.create(tenant=tenant)
