"""Somebody who may see the admin, and somebody who may not."""

import pytest
from django.db.models import Model
from django.test import Client

from tenants.models import Tenant
from tests.admin.rows import row_of_every_model
from tests.factories import UserFactory


@pytest.fixture
def superuser(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True))
    return client


@pytest.fixture
def rows(tenant: Tenant) -> dict[type[Model], Model]:
    return row_of_every_model(tenant)
