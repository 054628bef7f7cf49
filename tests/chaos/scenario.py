"""The data of one run: a tenant, a sender and a broadcast, chosen by the seed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from broadcast import lifecycle
from broadcast.models import Broadcast
from broadcast.planning.plan import RecipientRef
from channels.models import ProviderApp, Sender
from channels.platforms import Platform
from channels.providers.registry import adapter_for
from contacts.models import Contact
from sandbox.behaviour.magic import ENDINGS, Behaviour
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from tenants.models import Tenant
from tests.chaos.accounts import SECRET, Account, account_for
from tests.chaos.witness import Witness
from wallet.ledger import ledger

BATCH: int = settings.BROADCAST_BATCH_SIZE
PRICE = Decimal("0.020000")

AMBIGUOUS = (
    Behaviour.NEVER_ANSWERS,
    Behaviour.ACCEPTS_THEN_5XX,
    Behaviour.ACCEPTS_THEN_RESETS,
    Behaviour.RESETS,
)
"""After these the answer does not tell whether the message was sent; each may cause UNKNOWN."""
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
    """The data of one run; `ambiguous` counts the recipients with an ambiguous behaviour."""

    tenant: Tenant
    account: Account
    sender: Sender
    broadcast: Broadcast
    ambiguous: int

    @property
    def at_once(self) -> int:
        """Most messages that become UNKNOWN if one answer is lost."""
        capabilities = adapter_for(self.account.provider).capabilities
        return min(capabilities.max_recipients, BATCH)

    @property
    def is_idempotent(self) -> bool:
        return adapter_for(self.account.provider).capabilities.idempotent


def make_scenario(seed: int, random: Random, *, witness: Witness, web_url: str) -> Scenario:
    """Creates the rows of a broadcast that is ready to send, and sets the sandbox's webhook."""
    now = timezone.now()
    tenant = _tenant(now)
    account = account_for(seed, random)
    sender = _sender(tenant, account, random, sandbox_url=witness.base_url)
    if account.target is not None and sender.app is not None:
        url = f"{web_url}{sender.app.webhook_path}{account.target}"
        witness.report_to(account.sandbox, account.books, url=url, secret=SECRET)
    latency = random.choice([0.02, 0.1, 0.25])
    witness.misbehave(account.sandbox, account.books, latency=latency)
    behaviours = _behaviours(random, usual=_usual(account, random))
    contacts = _contacts(tenant, behaviours, start=random.randrange(1000))
    broadcast = lifecycle.create(
        tenant=tenant,
        actor=None,
        fields=_fields(sender, random),
        recipients=[RecipientRef(contact=contact.pk) for contact in contacts],
        now=now,
    )
    ambiguous = sum(behaviour in AMBIGUOUS for behaviour in behaviours)
    return Scenario(tenant, account, sender, broadcast, ambiguous)


def _tenant(now: datetime) -> Tenant:
    tenant = Tenant.objects.create(name="Chaos", slug=uuid4().hex)
    ledger.top_up(
        tenant=tenant, amount=Decimal(1000), reference="start", actor="chaos", reason="", now=now
    )
    return tenant


def _sender(tenant: Tenant, account: Account, random: Random, *, sandbox_url: str) -> Sender:
    app = None
    if account.app_secrets:
        app = ProviderApp.objects.create(
            tenant=tenant,
            provider=account.provider,
            name="App",
            secrets=dict(account.app_secrets),
        )
    return Sender.objects.create(
        tenant=tenant,
        app=app,
        platform=account.platform,
        provider=account.provider,
        name="Chaos",
        address="Chaos",
        account_id=account.account_id,
        credentials=dict(account.credentials),
        base_url=sandbox_url,
        currency=tenant.currency,
        marketing_price=PRICE,
        lanes=random.choice([1, 1, 2, 3]),
    )


def _usual(account: Account, random: Random) -> Behaviour:
    """The behaviour of most recipients: silent in half of an idempotent provider's runs.

    Receipts settle most UNKNOWN messages before a retry; without receipts, the retry is tested.
    """
    ignores_repeats = adapter_for(account.provider).capabilities.idempotent
    is_silent = ignores_repeats and random.random() < 0.5
    return Behaviour.SILENT if is_silent else Behaviour.DELIVERS


def _behaviours(random: Random, *, usual: Behaviour) -> list[Behaviour]:
    """The behaviours of sixty to about a hundred recipients, some of which misbehave."""
    trouble = [random.choice(CLEAR) for _ in range(random.randrange(8))]
    trouble += [random.choice(AMBIGUOUS) for _ in range(random.choice([0, 0, 1, 3]))]
    behaviours = [usual] * random.randrange(60, 100) + trouble
    random.shuffle(behaviours)
    return behaviours


def _contacts(tenant: Tenant, behaviours: list[Behaviour], *, start: int) -> list[Contact]:
    return Contact.objects.bulk_create(
        Contact(
            tenant=tenant,
            first_name=f"Ana {n}",
            telegram_chat_id=int(f"{start + n + 1}{ENDING_OF.get(behaviour, '1234')}"),
            phone=f"+4915{start + n:05}{ENDING_OF.get(behaviour, '1234')}",
        )
        for n, behaviour in enumerate(behaviours)
    )


def _fields(sender: Sender, random: Random) -> dict[str, object]:
    fields: dict[str, object] = {"name": "Chaos", "platform": sender.platform, "sender": sender}
    if sender.platform != Platform.WHATSAPP:
        # One segment or three.
        text = "Dear {{first_name}}, hello." + random.choice(["", " And hello again." * 20])
        registered = {"provider_template_id": "64f0c0ffee"} if sender.provider == "msg91" else {}
        return {**fields, "text": text, **registered}
    WhatsAppTemplate.objects.create(
        tenant=sender.tenant,
        app_id=sender.pk,
        name="hello",
        language="en",
        body="Dear {{1}}, hello.",
        status=TemplateStatus.APPROVED,
    )
    return {**fields, "template_name": "hello", "template_params": {"1": "{{first_name}}"}}
