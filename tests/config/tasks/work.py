"""Rows that give each task something to do, and how to see that the task did it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.db.models import Model
from django.utils import timezone

from broadcast import lifecycle
from broadcast.error_codes import CAP_CODE
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Batch, Broadcast, Lane
from channels.models import Sender, TenantWAApp
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import FailureCause
from contacts.models import Contact, ContactImport
from doctor.models import Checkup
from inbound.applying.parking import park
from inbound.models import EventStatus, ProviderEvent
from sandbox.running import RunningSandbox
from tenants.models import IdempotencyRecord, Tenant
from tests.factories import (
    BroadcastFactory,
    ProviderAppFactory,
    SenderFactory,
    TemplateFactory,
    WhatsAppSenderFactory,
    name_message,
)
from tests.fixtures.types import MakeBroadcast, MakePeople
from tests.flows.waiting import wait_for
from tests.inbound.sent_messages import sent_message
from wallet.models import Wallet

LONG_AGO = timedelta(days=60)
REFUSED = 9003
"""The ending of a recipient that the sandbox refuses."""


@dataclass(frozen=True)
class Scene:
    """A tenant with credits and a bot at the sandbox."""

    tenant: Tenant
    wallet: Wallet
    bot: Sender
    sandbox: RunningSandbox
    people: MakePeople
    draft: MakeBroadcast


@dataclass(frozen=True)
class Work:
    """`is_done` becomes true only if the task, called with these arguments, does its work."""

    is_done: Callable[[], bool]
    arguments: dict[str, Any] = field(default_factory=dict)


def has(row: Model, **values: Any) -> Callable[[], bool]:
    return lambda: type(row)._default_manager.filter(pk=row.pk, **values).exists()


def is_gone(row: Model) -> Callable[[], bool]:
    return lambda: not type(row)._default_manager.filter(pk=row.pk).exists()


def overdue_lane(scene: Scene) -> Lane:
    """No task waits for this lane."""
    broadcast = BroadcastFactory.create(tenant=scene.tenant, sender=scene.bot, status="SENDING")
    due = timezone.now() - timedelta(minutes=1)
    return Lane.objects.create(broadcast=broadcast, n=0, next_batch_at=due)


def serve(scene: Scene) -> Work:
    return Work(has(overdue_lane(scene), served_at__isnull=False))


def plan_broadcast(scene: Scene) -> Work:
    scene.people(2)
    broadcast = BroadcastFactory.create(
        tenant=scene.tenant,
        sender=scene.bot,
        audience={"all": True},
        planning_at=timezone.now(),
    )
    return Work(has(broadcast, planned_at__isnull=False), {"broadcast_id": str(broadcast.pk)})


def scheduled(scene: Scene, **fields: Any) -> Broadcast:
    """A planned broadcast for which no task waits."""
    now = timezone.now()
    broadcast = scene.draft(scene.people(1), **fields)
    at = now + timedelta(minutes=1)
    return lifecycle.schedule(tenant=scene.tenant, broadcast_id=broadcast.pk, at=at, now=now)


def promote(scene: Scene) -> Work:
    broadcast = scheduled(scene)
    Broadcast.objects.filter(pk=broadcast.pk).update(scheduled_at=timezone.now())
    return Work(has(broadcast, queued_at__isnull=False))


def sweep(scene: Scene) -> Work:
    lane, then = overdue_lane(scene), timezone.now() - timedelta(minutes=5)
    batch = Batch.objects.create(
        broadcast=lane.broadcast, lane=lane, message_ids=[], claimed_at=then, lease_expires_at=then
    )
    return Work(has(batch, swept_at__isnull=False))


def look_up(scene: Scene) -> Work:
    """The sandbox has taken the message, and answered 500."""
    number = SenderFactory.create(
        tenant=scene.tenant,
        platform="SMS",
        provider="twilio",
        address="+14155552345",
        account_id="+14155550001",
        credentials={"account_sid": f"AC{1:032x}", "auth_token": "token"},
        base_url=scene.sandbox.base_url,
    )
    Contact.objects.create(tenant=scene.tenant, phone="+14155239010")
    contacts = list(Contact.objects.for_tenant(scene.tenant))
    broadcast = scene.draft(contacts, platform="SMS", sender=number)
    lifecycle.send(tenant=scene.tenant, broadcast_id=broadcast.pk, now=timezone.now())
    message = broadcast.messages.get()
    wait_for(has(message, status="UNKNOWN"))
    long_ago = timezone.now() - timedelta(seconds=30)
    broadcast.messages.update(status_at=long_ago)
    return Work(has(message, status="SENT"))


def expire(scene: Scene) -> Work:
    broadcast = scheduled(scene, expires_at=timezone.now() + timedelta(hours=1))
    Broadcast.objects.filter(pk=broadcast.pk).update(status="QUEUED", expires_at=timezone.now())
    return Work(has(broadcast.messages.get(), status="EXPIRED"))


def fall_back_all(scene: Scene) -> Work:
    rungs = [{"platform": "TELEGRAM", "text": "Another way"}]
    broadcast = scene.draft(scene.people(1, ending=REFUSED), fallback=rungs)
    lifecycle.send(tenant=scene.tenant, broadcast_id=broadcast.pk, now=timezone.now())
    wait_for(has(broadcast, finished_at__isnull=False))
    return Work(Broadcast.objects.filter(parent=broadcast).exists)


def retry_capped_all(scene: Scene) -> Work:
    """A platform's limit stopped the message two days ago."""
    broadcast = scene.draft(scene.people(1), frequency_cap_retries=1)
    lifecycle.send(tenant=scene.tenant, broadcast_id=broadcast.pk, now=timezone.now())
    wait_for(has(broadcast, finished_at__isnull=False))
    message, now = broadcast.messages.get(), timezone.now()
    capped = Receipt(
        ReceiptStatus.FAILED,
        now,
        message.provider_message_id,
        message_id=message.pk,
        code=CAP_CODE,
        cause=FailureCause.CAPPED,
    )
    apply_receipts(tenant_id=scene.tenant.pk, receipts=[capped], now=now)
    broadcast.messages.update(failed_at=now - timedelta(days=2), status_at=now - timedelta(days=2))
    return Work(Broadcast.objects.filter(parent=broadcast, kind="RETRY").exists)


def doctor(scene: Scene) -> Work:
    return Work(Checkup.objects.exists)


def purge_idempotency(scene: Scene) -> Work:
    record = IdempotencyRecord.objects.create(
        tenant=scene.tenant, key="k", operation="POST /", body_hash="", response_status=201
    )
    created_at = timezone.now() - LONG_AGO
    IdempotencyRecord.objects.filter(pk=record.pk).update(created_at=created_at)
    return Work(is_gone(record))


def purge_logins(scene: Scene) -> Work:
    attempt = AccessAttempt.objects.create(username="somebody", failures_since_start=1)
    AccessAttempt.objects.update(attempt_time=timezone.now() - LONG_AGO)
    return Work(is_gone(attempt))


def low_balances(scene: Scene) -> Work:
    Wallet.objects.filter(pk=scene.wallet.pk).update(low_balance_threshold=10**6)
    return Work(has(scene.wallet, low_balance_at__isnull=False))


def whatsapp_app(scene: Scene) -> TenantWAApp:
    return WhatsAppSenderFactory.create(tenant=scene.tenant, base_url=scene.sandbox.base_url)


def sync_app(scene: Scene) -> Work:
    """The template was submitted, but its provider does not list it."""
    app = whatsapp_app(scene)
    submitted_at = timezone.now() - timedelta(hours=1)
    template = TemplateFactory.create(
        tenant=scene.tenant, app=app, status="PENDING", submitted_at=submitted_at
    )
    return Work(has(template, status="DRAFT"), {"app_id": str(app.pk)})


def sync_all(scene: Scene) -> Work:
    return Work(sync_app(scene).is_done)


def pause_for_templates(scene: Scene) -> Work:
    template = TemplateFactory.create(tenant=scene.tenant, status="PAUSED")
    broadcast = BroadcastFactory.create(
        tenant=scene.tenant, platform="WHATSAPP", template=template, status="SENDING"
    )
    return Work(has(broadcast, paused_at__isnull=False))


def run_import(scene: Scene) -> Work:
    content = b"phone\n+491701234567\n"
    job = ContactImport.objects.create(tenant=scene.tenant, file_name="a.csv", content=content)
    contacts = Contact.objects.for_tenant(scene.tenant).filter(phone="+491701234567")
    return Work(lambda: contacts.exists() and has(job, status="DONE")(), {"import_id": str(job.pk)})


def revive_imports(scene: Scene) -> Work:
    work = run_import(scene)
    ContactImport.objects.update(created_at=timezone.now() - timedelta(hours=1))
    return Work(work.is_done)


def stored_event(**fields: Any) -> ProviderEvent:
    app = ProviderAppFactory.create()
    return ProviderEvent.objects.create(
        app=app, body=b'{"entry": []}', **{"received_at": timezone.now(), **fields}
    )


def apply_events(scene: Scene) -> Work:
    return Work(has(stored_event(), status=EventStatus.APPLIED))


def retry_parked(scene: Scene) -> Work:
    app = ProviderAppFactory.create(tenant=scene.tenant)
    message = sent_message(tenant=scene.tenant)
    now = timezone.now()
    park(app=app, receipts=[Receipt(ReceiptStatus.DELIVERED, now, "wamid.1")], now=now)
    name_message(message, "wamid.1")
    return Work(has(message, status="DELIVERED"))


def purge_events(scene: Scene) -> Work:
    received_at = timezone.now() - LONG_AGO
    return Work(is_gone(stored_event(status=EventStatus.APPLIED, received_at=received_at)))


def acknowledge(scene: Scene) -> Work:
    arguments = {"sender_id": str(scene.bot.pk), "token": "8"}
    pressed = (scene.bot.account_id, "8")
    return Work(lambda: pressed in scene.sandbox.sandbox.acknowledged, arguments)


WORK_OF: dict[str, Callable[[Scene], Work]] = {
    "broadcast.tasks.serve": serve,
    "broadcast.tasks.plan_broadcast": plan_broadcast,
    "broadcast.tasks.promote": promote,
    "broadcast.tasks.revive": serve,
    "broadcast.tasks.sweep": sweep,
    "broadcast.tasks.look_up": look_up,
    "broadcast.tasks.expire": expire,
    "broadcast.tasks.fall_back_all": fall_back_all,
    "broadcast.tasks.retry_capped_all": retry_capped_all,
    "broadcast.tasks.pause_for_templates": pause_for_templates,
    "contacts.tasks.run_import": run_import,
    "contacts.tasks.revive_imports": revive_imports,
    "doctor.tasks.doctor": doctor,
    "inbound.tasks.apply_events": apply_events,
    "inbound.tasks.retry_parked": retry_parked,
    "inbound.tasks.purge": purge_events,
    "inbound.tasks.acknowledge": acknowledge,
    "templates_wa.tasks.sync_all": sync_all,
    "templates_wa.tasks.sync_app": sync_app,
    "tenants.tasks.purge": purge_idempotency,
    "tenants.tasks.purge_logins": purge_logins,
    "wallet.tasks.low_balances": low_balances,
}
"""The name of the task → what makes its rows."""
