"""What an operator sets up once: the tenant, its logins, credits, senders and a template."""

import secrets
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from channels.models import ProviderApp, Sender, TenantWAApp
from channels.platforms import Category, Platform
from demo.client import Client
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from tenants.models import Tenant, User
from tenants.onboarding import create_tenant
from wallet import ledger

SLUG = "demo"
OWNER = "owner@demo.example"
ADMIN = "admin@demo.example"
PASSWORD = "summer-sale-demo"  # noqa: S105 - shown to everybody; only on servers of our own
TOP_UP = Decimal(100)
WHATSAPP_PRICE = Decimal("0.05")
TELEGRAM_PRICE = Decimal("0.002")
SHOP = "https://shop.example.com/summer"
TEMPLATE = "summer_sale"
TEMPLATE_BODY = "Hi {{1}}, our summer sale is on: up to 40 % off until Sunday. {{2}}"


@dataclass(frozen=True, slots=True)
class DemoTenant:
    tenant: Tenant
    password: str
    whatsapp: Sender
    telegram: Sender


def set_up(*, web_url: str, sandbox: Client, own_servers: bool) -> DemoTenant:
    """Everything that is missing; its senders get this stack's sandbox and fresh accounts there.

    Fresh accounts keep the sandbox's books of this run apart from whatever an earlier, interrupted
    run still has to send. On servers that are not our own the passwords are random: a known one
    must never end up in a database that somebody uses.
    """
    password = PASSWORD if own_servers else secrets.token_urlsafe(12)
    fields = {"name": "Summer Shop", "currency": "EUR", "time_zone": "Europe/Vienna"}
    tenant = create_tenant(
        slug=SLUG, owner_email=OWNER, password=password, tenant_fields=fields
    ).tenant
    if not User.objects.filter(email=ADMIN).exists():
        User.objects.create_superuser(ADMIN, password)
    for user in User.objects.filter(email__in=(OWNER, ADMIN)):
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
    run = int(time.time() * 1000)
    ledger.top_up(
        tenant=tenant,
        amount=TOP_UP,
        reference=f"demo:{run}",
        actor="demo",
        reason="Credits for the demo",
        now=timezone.now(),
    )
    whatsapp = _whatsapp(tenant, account=str(run), web_url=web_url, sandbox=sandbox)
    telegram = _telegram(tenant, bot=str(run % 10**10), sandbox=sandbox)
    return DemoTenant(tenant, password, whatsapp, telegram)


def _whatsapp(tenant: Tenant, *, account: str, web_url: str, sandbox: Client) -> Sender:
    app, _ = ProviderApp.objects.get_or_create(
        tenant=tenant,
        provider="meta_cloud",
        name="Summer Shop",
        defaults={
            "secrets": {
                "app_secret": secrets.token_hex(16),
                "verify_token": secrets.token_urlsafe(16),
            }
        },
    )
    sender = _sender(
        tenant,
        sandbox,
        platform=Platform.WHATSAPP,
        provider="meta_cloud",
        app=app,
        name="Summer Shop",
        address="+14155230100",
        account_id=account,
        business_account_id="102290129340398",
        credentials={"access_token": secrets.token_urlsafe(32)},
        marketing_price=WHATSAPP_PRICE,
        utility_price=Decimal("0.02"),
        authentication_price=Decimal("0.01"),
    )
    WhatsAppTemplate.objects.update_or_create(
        tenant=tenant,
        app=TenantWAApp.objects.get(pk=sender.pk),
        name=TEMPLATE,
        language="en",
        defaults={
            "category": Category.MARKETING,
            "body": TEMPLATE_BODY,
            "footer": "Reply STOP to hear no more from us.",
            "status": TemplateStatus.APPROVED,
        },
    )
    webhook = {"url": f"{web_url}{app.webhook_path}", "secret": app.secrets["app_secret"]}
    verify = {"verify_token": app.secrets["verify_token"]}
    sandbox.post(
        "/_sandbox/webhooks", {"provider": "meta", "account": account, **webhook, **verify}
    )
    return sender


def _telegram(tenant: Tenant, *, bot: str, sandbox: Client) -> Sender:
    return _sender(
        tenant,
        sandbox,
        platform=Platform.TELEGRAM,
        provider="telegram_bot",
        name="Summer Shop bot",
        address="@summer_shop_bot",
        account_id=bot,
        credentials={"bot_token": f"{bot}:{secrets.token_hex(17)}a"},
        marketing_price=TELEGRAM_PRICE,
        utility_price=TELEGRAM_PRICE,
        authentication_price=TELEGRAM_PRICE,
    )


def _sender(tenant: Tenant, sandbox: Client, **fields: Any) -> Sender:
    sender, _ = Sender.objects.update_or_create(
        tenant=tenant,
        platform=fields.pop("platform"),
        provider=fields.pop("provider"),
        name=fields.pop("name"),
        defaults={
            **fields,
            "base_url": sandbox.base_url,
            "currency": tenant.currency,
            "is_default": True,
            "is_active": True,
            "held_until": None,
            "broken_at": None,
            "broken_reason": "",
        },
    )
    return sender
