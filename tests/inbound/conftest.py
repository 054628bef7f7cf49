"""No test uses the endpoints that another test has cached."""

import pytest

from inbound.webhooks.endpoints import forget_endpoints


@pytest.fixture(autouse=True)
def _no_remembered_endpoints() -> None:
    forget_endpoints()
