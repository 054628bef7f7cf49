"""What exists before a call of the corpus arrives: a sender, a contact, a sent message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from broadcast.models import BroadcastMessage
from channels.models import ProviderApp
from channels.platforms import Platform
from channels.providers.registry import ADAPTERS
from contacts.models import Contact, SuppressionScope, SuppressionSource
from contacts.opting.suppressions import suppress
from templates_wa.models import WhatsAppTemplate
from tests.factories import (
    BroadcastFactory,
    ContactFactory,
    ProviderAppFactory,
    SenderFactory,
    TemplateFactory,
)
from tests.inbound.sent_messages import sent_message

AT = datetime(2026, 1, 1, tzinfo=UTC)
"""The time in most calls."""
PHONE = "+491701234567"
OURS = UUID("0198c0de-0000-7000-8000-000000000001")
CHAT_ID = 42
TEMPLATE_ID = "77"

# Provider → (platform, the sender's account_id, the provider's id of the sent message)
SENDERS: Mapping[str, tuple[Platform, str, str]] = {
    "meta_cloud": (Platform.WHATSAPP, "106540352242922", "wamid.OUT"),
    "twilio": (Platform.SMS, "+14155550100", "SMOUT"),
    "gupshup": (Platform.WHATSAPP, "919163805873", "59f8db90-c37e-4408-90ab-cc54ef8246ad"),
    "telegram_bot": (Platform.TELEGRAM, "123456", f"{CHAT_ID}:5"),
    "google_rbm": (Platform.RCS, "A", str(OURS)),
    "vonage": (Platform.SMS, "14155550100", "V-OUT"),
    "msg91": (Platform.SMS, "ACMEIN", f"REQ1:{PHONE.removeprefix('+')}"),
}


@dataclass(frozen=True, slots=True)
class World:
    app: ProviderApp
    contact: Contact
    message: BroadcastMessage
    template: WhatsAppTemplate


def world(provider: str, given: Mapping[str, str]) -> World:
    """`given`: a `platform`, the status of the `template`, the scope `suppressed` before."""
    platform, account_id, provider_id = SENDERS[provider]
    platform = Platform(given.get("platform", platform))
    names = ADAPTERS[provider].webhook_secret_names
    app = ProviderAppFactory.create(
        provider=provider, secrets={name: f"a-made-up-{name}" for name in names}
    )
    fields: dict[str, Any] = {"platform": platform, "provider": provider}
    SenderFactory.create(tenant=app.tenant, app=app, account_id=account_id, **fields)
    contact = ContactFactory.create(
        tenant=app.tenant,
        phone=PHONE,
        telegram_chat_id=CHAT_ID if platform == Platform.TELEGRAM else None,
    )
    address = str(CHAT_ID) if platform == Platform.TELEGRAM else PHONE
    message = sent_message(
        id=OURS,
        tenant=app.tenant,
        contact=contact,
        broadcast=BroadcastFactory.create(tenant=app.tenant, platform=platform),
        address=address,
        sent_at=AT - timedelta(hours=1),
        provider_message_id=provider_id,
    )
    template = TemplateFactory.create(
        tenant=app.tenant,
        status=given.get("template", "APPROVED"),
        provider_template_id=TEMPLATE_ID,
    )
    if "suppressed" in given:
        suppress(
            tenant_id=app.tenant_id,
            platform=platform,
            address=address,
            scope=SuppressionScope(given["suppressed"]),
            source=SuppressionSource.RECIPIENT,
            reason="before",
            now=AT - timedelta(days=1),
        )
    return World(app, contact, message, template)
