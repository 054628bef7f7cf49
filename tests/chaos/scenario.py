"""What one run sends: a tenant, a sender and a broadcast made up from the seed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from uuid import uuid4

from django.utils import timezone

from broadcast import lifecycle
from broadcast.models import Broadcast
from broadcast.planning import RecipientRef
from channels.models import ProviderApp, Sender
from channels.platforms import Platform
from channels.simulator.magic import ENDINGS, Behaviour
from contacts.models import Contact
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from tenants.models import Tenant
from tests.chaos.witness import Witness
from wallet import ledger

PRICE = Decimal("0.020000")
SECRET = "a-made-up-secret"

AMBIGUOUS = (
    Behaviour.NEVER_ANSWERS,
    Behaviour.ACCEPTS_THEN_5XX,
    Behaviour.ACCEPTS_THEN_RESETS,
    Behaviour.RESETS,
)
"""After these nobody can know by the answer alone; each may cost one UNKNOWN."""
CLEAR = (
    Behaviour.FAILS_LATER,
    Behaviour.REFUSED,
    Behaviour.BUSY_ONCE,
    Behaviour.RATE_LIMITED,
    Behaviour.SLOW,
    Behaviour.RECEIPTS_FIRST,
    Behaviour.RECEIPTS_TWICE,
    Behaviour.RECEIPTS_DISORDERED,
    Behaviour.SILENT,
)
ENDING_OF = {behaviour: ending for ending, behaviour in ENDINGS.items()}


@dataclass(frozen=True, slots=True)
class Scenario:
    """`ambiguous`: recipients whose answers leave it open what became of the message."""

    tenant: Tenant
    sender: Sender
    broadcast: Broadcast
    provider: str
    ambiguous: int


def made(random: Random, *, witness: Witness, web_url: str) -> Scenario:
    """Committed and ready to be sent; the sandbox knows where to report."""
    now = timezone.now()
    tenant = _tenant(now)
    is_telegram = random.random() < 0.4
    sender = _sender(tenant, random, is_telegram=is_telegram, sandbox_url=witness.base_url)
    provider = "telegram" if is_telegram else "meta"
    if sender.app is not None:
        path = f"{web_url}{sender.app.webhook_path}"
        witness.report_to(provider, sender.account_id, url=path, secret=SECRET)
    witness.misbehave(provider, sender.account_id, latency=random.choice([0.02, 0.1, 0.25]))
    behaviours = _behaviours(random)
    contacts = _contacts(tenant, behaviours, start=random.randrange(1000))
    broadcast = lifecycle.create(
        tenant=tenant,
        actor=None,
        fields=_fields(sender, is_telegram=is_telegram),
        recipients=[RecipientRef(contact=each.pk) for each in contacts],
        now=now,
    )
    ambiguous = sum(each in AMBIGUOUS for each in behaviours)
    return Scenario(tenant, sender, broadcast, provider, ambiguous)


def _tenant(now: datetime) -> Tenant:
    tenant = Tenant.objects.create(name="Chaos", slug=uuid4().hex)
    ledger.top_up(
        tenant=tenant, amount=Decimal(1000), reference="start", actor="chaos", reason="", now=now
    )
    return tenant


def _sender(tenant: Tenant, random: Random, *, is_telegram: bool, sandbox_url: str) -> Sender:
    account = str(random.randrange(10**8, 10**9)) + str(uuid4().int % 1000)
    app = None
    if not is_telegram:
        secrets = {"app_secret": SECRET, "verify_token": "a-made-up-token"}
        app = ProviderApp.objects.create(
            tenant=tenant, provider="meta_cloud", name="App", secrets=secrets
        )
    return Sender.objects.create(
        tenant=tenant,
        app=app,
        platform=Platform.TELEGRAM if is_telegram else Platform.WHATSAPP,
        provider="telegram_bot" if is_telegram else "meta_cloud",
        name="Chaos",
        address="@chaos" if is_telegram else "+4915100000000",
        account_id=account,
        credentials=(
            {"bot_token": f"{account}:AAbbccddeeffgghhiijjkkllmmnnooppqqr"}
            if is_telegram
            else {"access_token": "a-made-up-token"}
        ),
        base_url=sandbox_url,
        currency=tenant.currency,
        marketing_price=PRICE,
        lanes=random.choice([1, 1, 2, 3]),
    )


def _behaviours(random: Random) -> list[Behaviour]:
    """Sixty to a hundred recipients, some of whom are trouble."""
    trouble = [random.choice(CLEAR) for _ in range(random.randrange(8))]
    trouble += [random.choice(AMBIGUOUS) for _ in range(random.choice([0, 0, 1, 3]))]
    behaviours = [Behaviour.DELIVERS] * random.randrange(60, 100) + trouble
    random.shuffle(behaviours)
    return behaviours


def _contacts(tenant: Tenant, behaviours: list[Behaviour], *, start: int) -> list[Contact]:
    return Contact.objects.bulk_create(
        Contact(
            tenant=tenant,
            first_name=f"Ana {n}",
            telegram_chat_id=int(f"{start + n + 1}{ENDING_OF.get(each, '1234')}"),
            phone=f"+4915{start + n:05}{ENDING_OF.get(each, '1234')}",
        )
        for n, each in enumerate(behaviours)
    )


def _fields(sender: Sender, *, is_telegram: bool) -> dict[str, object]:
    fields: dict[str, object] = {"name": "Chaos", "platform": sender.platform, "sender": sender}
    if is_telegram:
        return {**fields, "text": "Dear {{first_name}}, hello."}
    WhatsAppTemplate.objects.create(
        tenant=sender.tenant,
        app_id=sender.pk,
        name="hello",
        language="en",
        body="Dear {{1}}, hello.",
        status=TemplateStatus.APPROVED,
    )
    return {**fields, "template_name": "hello", "template_params": {"1": "{{first_name}}"}}
