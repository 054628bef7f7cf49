"""The operator's part of the set-up: the tenant, its logins, its credits, its senders' prices."""

import secrets
import time
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from channels.models import Sender
from demo.client import Client, Refused
from demo.senders import add_telegram, add_templates, add_whatsapp
from tenants.models import Tenant, User
from tenants.onboarding import create_tenant
from wallet.ledger import ledger

SLUG = "demo"
OWNER = "owner@demo.example"
ADMIN = "admin@demo.example"
PASSWORD = "summer-sale-demo"  # noqa: S105 - public; used only on the demo's own servers
TOP_UP = Decimal(100)
WHATSAPP_PRICES = (Decimal("0.05"), Decimal("0.02"), Decimal("0.01"))
TELEGRAM_PRICES = (Decimal("0.002"),) * 3
"""The prices of marketing, utility and authentication messages."""
SHOP = "https://shop.example.com/summer"


@dataclass(frozen=True, slots=True)
class DemoTenant:
    tenant: Tenant
    password: str
    whatsapp: Sender
    telegram: Sender


def set_up(*, web_url: str, sandbox: Client, own_servers: bool) -> DemoTenant:
    """Creates what is missing; the senders get new accounts at this stack's sandbox.

    The operator's part uses the models, the tenant's part the API. New accounts keep this run
    apart in the sandbox's books from messages that an interrupted run still sends. If the database
    is not the demo's own, the passwords are random: a public password must never get into a
    database in real use.
    """
    password = PASSWORD if own_servers else secrets.token_urlsafe(12)
    run = int(time.time() * 1000)
    tenant = _tenant(password)
    ledger.top_up(
        tenant=tenant,
        amount=TOP_UP,
        reference=f"demo:{run}",
        actor="demo",
        reason="Credits for the demo",
        now=timezone.now(),
    )
    owner = Client(web_url)
    owner.log_in(OWNER, password)
    whatsapp, webhook = add_whatsapp(owner, account=str(run))
    sandbox.post(
        "/_sandbox/webhooks",
        {
            "provider": "meta",
            "account": str(run),
            "url": web_url + webhook.path,  # not PUBLIC_URL: the sandbox runs on this machine
            "secret": webhook.secrets["app_secret"],
            "verify_token": webhook.secrets["verify_token"],
        },
    )
    add_templates(owner, sender=whatsapp)
    telegram = add_telegram(owner, bot=str(run % 10**10))
    return DemoTenant(
        tenant,
        password,
        _ready(owner, whatsapp, sandbox=sandbox, prices=WHATSAPP_PRICES),
        _ready(owner, telegram, sandbox=sandbox, prices=TELEGRAM_PRICES),
    )


def _tenant(password: str) -> Tenant:
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
    return tenant


def _ready(
    owner: Client, sender_id: str, *, sandbox: Client, prices: tuple[Decimal, Decimal, Decimal]
) -> Sender:
    """Sets the sender's base URL and prices, then checks that it works. Raises Refused."""
    marketing, utility, authentication = prices
    Sender.objects.filter(pk=sender_id).update(
        base_url=sandbox.base_url,
        marketing_price=marketing,
        utility_price=utility,
        authentication_price=authentication,
        held_until=None,
    )
    result = owner.post(f"/senders/{sender_id}/check/")
    if not result["works"]:
        raise Refused(f"The sandbox does not know the sender: {result['message']}")
    return Sender.objects.get(pk=sender_id)
