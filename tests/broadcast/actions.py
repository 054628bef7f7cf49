"""Everything that a person, a worker or a provider may do to a tenant's broadcasts."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

from django.utils import timezone

from api.errors import DomainError
from broadcast import lifecycle
from broadcast.control.expiring import expire_due
from broadcast.control.promoting import promote_due
from broadcast.engine.batch import run_batch, sweep_batches
from broadcast.engine.claiming import claim, shut_fence
from broadcast.followup.fallback import fall_back
from broadcast.followup.receipts import apply_receipts
from broadcast.followup.resolving import Decision
from broadcast.lanes.lanes import take_lane
from broadcast.lanes.waking import wake_deferred
from broadcast.models import Batch, Broadcast, BroadcastMessage, Lane
from broadcast.moves.finishing import finish_all
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import Outcome, OutcomeKind
from contacts.models import Contact
from doctor.checkup import find_breaches
from sandbox.running import RunningSandbox
from tenants.models import Tenant, User
from tests.broadcast.batches import answer_batch
from tests.broadcast.recipients import refs_of
from tests.factories import TenantFactory, UserFactory
from wallet.ledger import ledger

ENDINGS = (1001, 9003, 9010, 9010, 9005)
"""One recipient is reached, one refused; two answers are lost; for one the sandbox is busy once."""
BATCH_SIZE = 3
LADDER = [{"platform": "TELEGRAM", "text": "Another way"}]
POLICIES = ("HOLD", "RESEND", "FAIL")
LIMITS = (None, 2, 9)
bots = count(800_000)


@dataclass(frozen=True, slots=True)
class World:
    """A tenant with a bot and credits, and five contacts with the endings of ENDINGS."""

    tenant: Tenant
    user: User
    contacts: list[Contact]


def make_world(sandbox: RunningSandbox) -> World:
    tenant = TenantFactory.create()
    ledger.top_up(
        tenant=tenant,
        amount=Decimal(100),
        reference="start",
        actor="test",
        reason="",
        now=timezone.now(),
    )
    bot = next(bots)
    Sender.objects.create(
        tenant=tenant,
        platform="TELEGRAM",
        provider="telegram_bot",
        name="Bot",
        address="@bot",
        account_id=str(bot),
        credentials={"bot_token": f"{bot}:AAbbccddeeffgghhiijjkkllmmnnooppqqr"},
        base_url=sandbox.base_url,
        currency=tenant.currency,
        marketing_price=Decimal("0.02"),
        batch_delay=Decimal(0),
        batch_size=BATCH_SIZE,
        lanes=2,
    )
    contacts = Contact.objects.bulk_create(
        Contact(tenant=tenant, first_name="Ana", telegram_chat_id=n * 100_000 + ending)
        for n, ending in enumerate(ENDINGS, start=1)
    )
    return World(tenant=tenant, user=UserFactory.create(), contacts=contacts)


class Actions:
    """The next steps; a step that the domain refuses changes nothing and is no error."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ahead = timedelta()

    @property
    def now(self) -> datetime:
        return timezone.now() + self.ahead

    def broadcasts(self) -> list[Broadcast]:
        return list(Broadcast.objects.for_tenant(self.world.tenant).order_by("id"))

    def any_broadcast(self, choice: int) -> Broadcast | None:
        broadcasts = self.broadcasts()
        return broadcasts[choice % len(broadcasts)] if broadcasts else None

    def create(self, *, then: str, policy: str = "HOLD") -> None:
        broadcast = lifecycle.create(
            tenant=self.world.tenant,
            actor=self.world.user,
            fields={
                "name": "News",
                "platform": "TELEGRAM",
                "text": "Hello",
                "fallback": LADDER,
                "unknown_policy": policy,
            },
            recipients=refs_of(self.world.contacts),
            now=self.now,
        )
        if then == "send":
            lifecycle.send(tenant=self.world.tenant, broadcast_id=broadcast.pk, now=self.now)
        else:
            at = self.now + timedelta(minutes=5)
            lifecycle.schedule(
                tenant=self.world.tenant, broadcast_id=broadcast.pk, at=at, now=self.now
            )

    def do(self, move: str, choice: int) -> None:
        broadcast = self.any_broadcast(choice)
        if broadcast is None:
            return
        arguments = {"tenant": self.world.tenant, "broadcast_id": broadcast.pk, "now": self.now}
        with suppress(DomainError):
            MOVES[move](**arguments)

    def batch(self, choice: int) -> None:
        lanes = list(
            Lane.objects.filter(broadcast__tenant=self.world.tenant).order_by("broadcast_id", "n")
        )
        if lanes:
            run_batch(lane_id=lanes[choice % len(lanes)].pk, clock=lambda: self.now)

    def crash(self, choice: int, *, handed: bool) -> None:
        """A worker claims a batch, perhaps shuts the fence, and dies."""
        lane = (
            Lane.objects.select_related("broadcast__sender", "broadcast__tenant")
            .filter(broadcast__tenant=self.world.tenant, broadcast__status="SENDING")
            .order_by("id")
            .first()
        )
        if lane is None or lane.broadcast.sender is None:
            return
        sender = lane.broadcast.sender
        if take_lane(lane=lane, sender=sender, now=self.now) is None:
            return
        claimed = claim(broadcast=lane.broadcast, lane=lane, sender=sender, now=self.now)
        if claimed is not None and claimed.messages and handed:
            shut_fence(batch_id=claimed.batch_id)

    def receipt(self, choice: int, status: ReceiptStatus) -> None:
        messages = list(
            BroadcastMessage.objects.filter(tenant=self.world.tenant, attempts__gt=0).order_by("id")
        )
        if messages:
            message_id = messages[choice % len(messages)].pk
            receipt = Receipt(status, self.now, "", message_id=message_id)
            apply_receipts(tenant_id=self.world.tenant.pk, receipts=[receipt], now=self.now)

    def late_answer(self, choice: int, kind: OutcomeKind) -> None:
        """A slow worker, or a worker that was taken for dead, settles its answers."""
        batches = list(
            Batch.objects.select_related("broadcast__tenant", "broadcast__sender")
            .filter(broadcast__tenant=self.world.tenant, handed_at__isnull=False, settled_at=None)
            .order_by("id")
        )
        if not batches:
            return
        batch = batches[choice % len(batches)]
        outcomes = [Outcome(kind, retry_after=0.0)] * len(batch.message_ids)
        answer_batch(batch, outcomes, now=self.now)

    def limit(self, daily_limit: int | None) -> None:
        Sender.objects.filter(tenant=self.world.tenant).update(
            daily_limit=daily_limit, updated_at=self.now
        )

    def beat(self) -> None:
        wake_deferred(now=self.now)
        fall_back(now=self.now)
        promote_due(now=self.now)
        sweep_batches(now=self.now)
        finish_all(now=self.now)
        expire_due(now=self.now)


def _retry(**arguments: Any) -> None:
    lifecycle.retry_failed(actor=None, include_unreachable=True, **arguments)


def _resolve(decision: Decision) -> Callable[..., object]:
    return partial(lifecycle.resolve_unknown, actor=None, decision=decision)


MOVES: dict[str, Callable[..., object]] = {
    "send": lifecycle.send,
    "pause": lifecycle.pause,
    "resume": lifecycle.resume,
    "cancel": lifecycle.cancel,
    "unschedule": lifecycle.unschedule,
    "retry": _retry,
    "resend": _resolve(Decision.RESEND),
    "fail": _resolve(Decision.FAIL),
}


def assert_sound() -> None:
    """The doctor finds no breach of an invariant."""
    breaches = find_breaches(now=timezone.now(), grace=timedelta(hours=-2))
    # A broadcast that still waits for its lanes and a beat is no breach.
    waiting = {"not_finished", "finished_status_differs", "batch_not_swept"}
    assert [str(breach) for breach in breaches if breach.check not in waiting] == []


def run_to_the_end(actions: Actions) -> None:
    """With workers, beats and resumes every broadcast ends, and the books balance."""
    ours = Broadcast.objects.for_tenant(actions.world.tenant)
    actions.limit(None)
    for _ in range(40):
        # A step is short enough that no scheduled broadcast starts late; all steps together
        # exceed a day, so that a daily limit starts anew.
        actions.ahead += timedelta(minutes=40)
        actions.beat()
        for broadcast in ours.filter(paused_at__isnull=False):
            lifecycle.resume(
                tenant=actions.world.tenant, broadcast_id=broadcast.pk, now=actions.now
            )
        for lane in Lane.objects.filter(broadcast__in=ours.ongoing()).order_by("id"):
            run_batch(lane_id=lane.pk, clock=lambda: actions.now)
        if not ours.filter(status__in=("SCHEDULED", "QUEUED", "SENDING")).exists():
            break
    over = {"DRAFT", "SENT", "PARTIALLY_SENT", "FAILED", "CANCELLED"}
    assert {broadcast.status for broadcast in actions.broadcasts()} <= over
    assert find_breaches(now=timezone.now(), grace=timedelta(hours=-20)) == []
