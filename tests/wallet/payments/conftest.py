"""The payment providers' settings point to a local HTTP server."""

import threading
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.wallet.payments.calls import RAZORPAY_SECRET, STRIPE_SECRET
from tests.wallet.payments.provider_api import ProviderApi


@pytest.fixture
def provider_api(settings: Settings) -> Iterator[ProviderApi]:
    api = ProviderApi()
    thread = threading.Thread(target=api.server.serve_forever, daemon=True)
    thread.start()
    settings.STRIPE_SECRET_KEY = "sk_test_made_up"
    settings.STRIPE_WEBHOOK_SECRET = STRIPE_SECRET
    settings.STRIPE_BASE_URL = api.url
    settings.RAZORPAY_KEY_ID = "rzp_test_made_up"
    settings.RAZORPAY_KEY_SECRET = "made-up"
    settings.RAZORPAY_WEBHOOK_SECRET = RAZORPAY_SECRET
    settings.RAZORPAY_BASE_URL = api.url
    yield api
    api.server.shutdown()
    api.server.server_close()
    thread.join()
