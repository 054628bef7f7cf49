"""The objects behind each route, for tests/api/test_every_route.py. Each app adds its lines.

A key is a viewset's basename, or the name of a plain view's route.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from django.db.models import Model
from django.utils import timezone

from contacts.models import ContactImport
from inbound.models import ReceivedMessage
from tenants.models import Tenant
from tests.factories import (
    BroadcastFactory,
    BroadcastMessageFactory,
    ContactFactory,
    ProviderAppFactory,
    SenderFactory,
    SuppressionFactory,
    TemplateFactory,
)
from tracking.models import TrackedURL
from wallet.ledger import ledger
from wallet.models import TopUp

OBJECTS: Mapping[str, Callable[[Tenant], Model | str]] = {
    "sender": lambda tenant: SenderFactory.create(tenant=tenant),
    "provider-app": lambda tenant: ProviderAppFactory.create(tenant=tenant),
    "template": lambda tenant: TemplateFactory.create(tenant=tenant),
    "contact": lambda tenant: ContactFactory.create(tenant=tenant, phone="+491701234567"),
    "contact-import": lambda tenant: ContactImport.objects.create(tenant=tenant, file_name="a.csv"),
    "contact-messages": lambda tenant: ContactFactory.create(tenant=tenant),
    "contact-telegram-link": lambda tenant: ContactFactory.create(tenant=tenant),
    "replies": lambda tenant: ReceivedMessage.objects.create(
        tenant=tenant,
        app=ProviderAppFactory.create(tenant=tenant),
        platform="WHATSAPP",
        address="+491701234567",
        text="Hi",
        provider_message_id="wamid.1",
        at=timezone.now(),
        received_at=timezone.now(),
    ),
    "suppression": lambda tenant: SuppressionFactory.create(tenant=tenant),
    "broadcast": lambda tenant: BroadcastFactory.create(tenant=tenant),
    "broadcast-estimate": lambda tenant: BroadcastFactory.create(tenant=tenant),
    "message": lambda tenant: BroadcastMessageFactory.create(tenant=tenant),
    "url-tracking": lambda tenant: TrackedURL.objects.create(
        tenant=tenant,
        broadcast=BroadcastFactory.create(tenant=tenant),
        position=0,
        url="https://shop.example/",
    ),
    "wallet-entry-messages": lambda tenant: ledger.top_up(
        tenant=tenant, amount=Decimal(5), reference="one", actor="", reason="", now=timezone.now()
    ),
    "wallet-top-ups": lambda tenant: TopUp.objects.create(
        wallet=ledger.wallet_of(tenant),
        provider="stripe",
        amount=Decimal(5),
        minor_units=500,
        currency="EUR",
        created_at=timezone.now(),
    ),
    "wallet-entries": lambda tenant: ledger.top_up(
        tenant=tenant, amount=Decimal(5), reference="first", actor="", reason="", now=timezone.now()
    ),
}
"""Makes an object of a tenant; the URL holds the object's id (or the string itself).

An entry: `"contact": lambda tenant: ContactFactory.create(tenant=tenant),`
"""

WITHOUT_OBJECTS: frozenset[str] = frozenset(
    {"me", "wallet", "wallet-statement", "broadcast-estimate-unsaved"}
)
"""Routes without an argument that list no objects of their own, such as `wallet`."""

READING_POSTS: frozenset[tuple[str, str]] = frozenset(
    {
        ("broadcast-estimate", "post"),
        ("broadcast-estimate-unsaved", "post"),
        ("template-preview", "post"),
    }
)
"""(route name, method) of unsafe methods that viewers may call, as the method changes nothing."""

PUBLIC_NAMES: frozenset[str] = frozenset(
    {"home", "token", "token-refresh", "healthz", "readyz", "schema", "docs", "admin-without-slash"}
)
PUBLIC_PREFIXES: tuple[str, ...] = (
    "admin/",
    "^webhooks/",
    "webhooks/",
    "^r/",
    "r/",
    "^u/",
    "static/",
)
"""Routes that need no bearer token: they are open, or something else guards them."""
