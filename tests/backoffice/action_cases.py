"""A row for each action of the admin, what its page posts, and how to see that it was done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.db.models import Model
from django.utils import timezone

from broadcast import lifecycle
from broadcast.models import Broadcast, BroadcastCounters
from contacts.models import Contact, Suppression, Tag
from inbound.models import ProviderEvent
from templates_wa.models import WhatsAppTemplate
from tests.factories import ProviderAppFactory, TemplateFactory
from tests.fixtures.types import MakeBroadcast, MakePeople, SendBroadcast
from wallet.models import Wallet

REFUSED = 9003
"""The ending of a recipient that the sandbox refuses."""


@dataclass(frozen=True)
class Scene:
    wallet: Wallet
    people: MakePeople
    draft: MakeBroadcast
    sent: SendBroadcast

    def queued(self) -> Broadcast:
        broadcast = self.draft(self.people(1))
        now = timezone.now()
        return lifecycle.send(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=now)

    def paused(self) -> Broadcast:
        broadcast = self.queued()
        now = timezone.now()
        return lifecycle.pause(
            tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=now, reason="Wait"
        )

    def scheduled(self) -> Broadcast:
        broadcast = self.draft(self.people(1))
        now = timezone.now()
        return lifecycle.schedule(
            tenant=broadcast.tenant,
            broadcast_id=broadcast.pk,
            at=now.replace(year=now.year + 1, day=1),
            now=now,
        )

    def new(self) -> Broadcast:
        return self.draft(self.people(1))

    def failed(self) -> Broadcast:
        return self.sent(self.people(1, ending=REFUSED))

    def unknown(self) -> Broadcast:
        broadcast = self.sent(self.people(1))
        broadcast.messages.update(status="UNKNOWN")
        BroadcastCounters.objects.filter(broadcast=broadcast).update(sent=0, unknown=1)
        return broadcast


@dataclass(frozen=True)
class Case:
    """`row` is made before the action; `done` holds for it only afterwards."""

    row: Callable[[Scene], Model]
    done: Callable[[Model], bool]
    form: Mapping[str, Any] = field(default_factory=dict)


def has(**values: Any) -> Callable[[Model], bool]:
    return lambda row: type(row)._default_manager.filter(pk=row.pk, **values).exists()


def is_gone(row: Model) -> bool:
    return not type(row)._default_manager.filter(pk=row.pk).exists()


def has_child(row: Model) -> bool:
    return Broadcast.objects.filter(parent=row.pk).exists()


def failed_event(scene: Scene) -> ProviderEvent:
    return ProviderEvent.objects.create(
        app=ProviderAppFactory.create(), body=b"{}", status="FAILED", received_at=timezone.now()
    )


def suppression(scene: Scene) -> Suppression:
    return Suppression.objects.create(
        tenant=scene.wallet.tenant, address="+491701234567", source="RECIPIENT"
    )


def tag(scene: Scene) -> Tag:
    return Tag.objects.create(tenant=scene.wallet.tenant, name="vip")


def credit(**amounts: str) -> dict[str, str]:
    return {"reason": "Test", "reference": str(uuid4()), **amounts}


PAUSE = {"reason": "Wait"}
CASES: dict[tuple[type[Model], str], Case] = {
    (Broadcast, "send"): Case(Scene.new, has(status="QUEUED")),
    (Broadcast, "send_selected"): Case(Scene.new, has(status="QUEUED")),
    (Broadcast, "schedule"): Case(Scene.new, has(status="SCHEDULED"), {"at": "2099-01-01T10:00"}),
    (Broadcast, "unschedule"): Case(Scene.scheduled, has(status="DRAFT")),
    (Broadcast, "unschedule_selected"): Case(Scene.scheduled, has(status="DRAFT")),
    (Broadcast, "approve"): Case(Scene.new, has(approved_at__isnull=False)),
    (Broadcast, "pause"): Case(Scene.queued, has(pause_reason="Wait"), PAUSE),
    (Broadcast, "pause_selected"): Case(Scene.queued, has(paused_at__isnull=False)),
    (Broadcast, "resume"): Case(Scene.paused, has(paused_at=None)),
    (Broadcast, "resume_selected"): Case(Scene.paused, has(paused_at=None)),
    (Broadcast, "cancel"): Case(Scene.queued, has(status="CANCELLED")),
    (Broadcast, "cancel_selected"): Case(Scene.queued, has(status="CANCELLED")),
    (Broadcast, "retry_failed"): Case(Scene.failed, has_child, {"include_unreachable": "on"}),
    (Broadcast, "resolve_unknown"): Case(
        Scene.unknown, has(counters__failed=1), {"decision": "fail"}
    ),
    (Contact, "delete_selected"): Case(lambda scene: scene.people(1)[0], is_gone),
    (ProviderEvent, "replay_selected"): Case(failed_event, has(status="STORED")),
    (Suppression, "lift"): Case(suppression, is_gone, {"reason": "Asked by phone"}),
    (Tag, "delete_selected"): Case(tag, is_gone),
    (Wallet, "top_up"): Case(lambda scene: scene.wallet, has(balance=1005), credit(amount="5")),
    (Wallet, "adjust"): Case(lambda scene: scene.wallet, has(balance=995), credit(amount="-5")),
    (Wallet, "set_credit_line"): Case(
        lambda scene: scene.wallet, has(credit_line=7), credit(amount="7")
    ),
    (WhatsAppTemplate, "set_status"): Case(
        lambda scene: TemplateFactory.create(), has(status="APPROVED"), {"status": "APPROVED"}
    ),
    (WhatsAppTemplate, "delete_at_provider"): Case(lambda scene: TemplateFactory.create(), is_gone),
}
"""The model and the name of the action → its case."""
