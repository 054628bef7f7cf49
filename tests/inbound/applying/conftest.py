"""A WhatsApp number with its endpoint, and a contact who writes to it."""

import pytest

from channels.models import ProviderApp
from channels.platforms import Platform
from contacts.models import Contact
from tests.factories import (
    ContactFactory,
    ProviderAppFactory,
    SenderFactory,
)
from tests.inbound.applying.replies import PHONE


@pytest.fixture
def app() -> ProviderApp:
    app = ProviderAppFactory.create()
    SenderFactory.create(
        tenant=app.tenant,
        app=app,
        platform=Platform.WHATSAPP,
        provider="meta_cloud",
        account_id="106540352242922",
        credentials={"access_token": "made-up"},
    )
    return app


@pytest.fixture
def contact(app: ProviderApp) -> Contact:
    return ContactFactory.create(tenant=app.tenant, phone=PHONE)
