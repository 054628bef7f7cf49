"""Every test looks endpoints up anew."""

import pytest

from inbound.webhooks.endpoints import forget_endpoints


@pytest.fixture(autouse=True)
def _no_remembered_endpoints() -> None:
    forget_endpoints()
