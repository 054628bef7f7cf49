"""The benchmark's data: a tenant with credits, contacts, a sender and a planned broadcast."""

import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from benchmarks.accounts import account_on, text_over
from broadcast import lifecycle
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import Platform
from contacts.models import Contact
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from tenants.models import Tenant
from wallet.ledger import ledger

PRICE = Decimal("0.010000")
PLANNING_DEADLINE = 600.0  # seconds

CONTACTS = """
INSERT INTO contacts_contact (id, tenant_id, external_id, phone, country, first_name, last_name,
    email, telegram_chat_id, attributes, time_zone, created_at, updated_at)
SELECT uuidv7(), %(tenant)s, 'c' || n, '+4915' || (100000000 + n), 'DE', 'Ana ' || n, 'Example', '',
    1000000 + n, '{}', '', now(), now()
FROM generate_series(%(after)s + 1, %(after)s + %(count)s) n
"""


@dataclass(frozen=True, slots=True)
class Case:
    """The kind of message of a run; the numbers of messages and workers are set elsewhere."""

    platform: Platform
    latency_ms: int = 0
    link: bool = False

    @property
    def name(self) -> str:
        link = "+link" if self.link else ""
        return f"{self.platform.lower()}{link} {self.latency_ms} ms"


def tenant_with(contacts: int) -> Tenant:
    """A tenant with this many contacts and more credits than it will spend."""
    name = f"{contacts} contacts {uuid4().hex[:8]}"
    tenant = Tenant.objects.create(name=name, slug=name.replace(" ", "-"))
    ledger.top_up(
        tenant=tenant,
        amount=Decimal(10**9),
        reference="bench",
        actor="bench",
        reason="bench",
        now=timezone.now(),
    )
    with connection.cursor() as cursor:
        cursor.execute(CONTACTS, {"tenant": tenant.pk, "after": 0, "count": contacts})
        cursor.execute("ANALYZE contacts_contact")
    return tenant


def more_contacts(*, tenant: Tenant, count: int) -> list[UUID]:
    """Adds this many contacts to the tenant; returns their ids."""
    existing = Contact.objects.for_tenant(tenant).count()
    with connection.cursor() as cursor:
        sql = f"{CONTACTS} RETURNING id"
        cursor.execute(sql, {"tenant": tenant.pk, "after": existing, "count": count})
        return [contact_id for (contact_id,) in cursor.fetchall()]


def sender_for(case: Case, *, tenant: Tenant, stub_url: str, lanes: int) -> Sender:
    """A new sender at the stub, without a limit and without a delay between batches."""
    account = account_on(case.platform)
    return Sender.objects.create(
        tenant=tenant,
        platform=case.platform,
        provider=account.provider,
        name="Bench",
        address=account.address,
        account_id=account.account_id,
        credentials=dict(account.credentials),
        base_url=f"{stub_url}/{case.latency_ms}ms",
        currency=tenant.currency,
        marketing_price=PRICE,
        batch_delay=Decimal(0),
        lanes=lanes,
    )


def planned(case: Case, *, sender: Sender, analyse: bool = True) -> Broadcast:
    """A planned and paid broadcast to all of the tenant's contacts, ready for `send`.

    `analyse` updates the table's statistics, as autovacuum would later; few messages need none.
    """
    fields = {
        "name": case.name,
        "platform": case.platform,
        "sender": sender,
        "audience": {"all": True},
        "track_urls": case.link,
        "scheduled_at": timezone.now() + timedelta(hours=1),
    }
    text = text_over(case.platform, link=case.link)
    if case.platform == Platform.WHATSAPP:
        template = _template(sender)
        fields |= {"template_name": template.name, "template_params": {"1": text}}
    else:
        fields["text"] = text
    now = timezone.now()
    broadcast = lifecycle.create(
        tenant=sender.tenant, actor=None, fields=fields, recipients=None, now=now
    )
    lifecycle.finish_planning(broadcast_id=broadcast.pk, now=timezone.now())
    broadcast.refresh_from_db()
    # In a whole stack a worker may plan it first; `finish_planning` then returns before the end.
    deadline = time.monotonic() + PLANNING_DEADLINE
    while broadcast.planning_at is not None and time.monotonic() < deadline:
        time.sleep(0.1)
        broadcast.refresh_from_db()
    if broadcast.status != "SCHEDULED":
        raise RuntimeError(f"Not planned: {broadcast.status_reason}")
    if analyse:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE broadcast_broadcastmessage")
    return broadcast


def _template(sender: Sender) -> WhatsAppTemplate:
    return WhatsAppTemplate.objects.create(
        tenant=sender.tenant,
        app_id=sender.pk,
        name="winter_sale",
        language="en",
        body="{{1}}",
        status=TemplateStatus.APPROVED,
    )


def send(broadcast: Broadcast) -> None:
    lifecycle.send(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=timezone.now())
