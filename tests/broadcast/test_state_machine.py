"""Launch, pause, resume, cancel, retry, resolve, fall back, receipts, crashes, late answers.

In any order. Real transactions on the real database, real requests to the sandbox. After every step
the doctor looks at everything: no order of moves may break an invariant.
"""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.errors import DomainError
from broadcast import lifecycle
from broadcast.control.expiring import expire_due
from broadcast.control.promoting import promote_due
from broadcast.engine.batch import run_batch, sweep_batches
from broadcast.engine.claiming import claim, shut_fence
from broadcast.engine.settling import settle
from broadcast.followup.fallback import fall_back
from broadcast.followup.receipts import apply_receipts
from broadcast.followup.resolving import Decision
from broadcast.lanes.lanes import take_lane
from broadcast.lanes.waking import wake_deferred
from broadcast.models import Batch, Broadcast, BroadcastMessage, Lane
from broadcast.moves.finishing import finish_all
from broadcast.planning.plan import RecipientRef
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import Outcome, OutcomeKind
from contacts.models import Contact
from doctor.checkup import find_breaches
from sandbox.running import RunningSandbox
from tenants.models import Tenant, User
from tests.factories import TenantFactory, UserFactory
from wallet.ledger import ledger

# One is refused, two answers are lost, one is told to try again.
ENDINGS = (1001, 9003, 9010, 9010, 9005)
BATCH_SIZE = 3
LADDER = [{"platform": "TELEGRAM", "text": "Another way"}]
POLICIES = ("HOLD", "RESEND", "FAIL")
LIMITS = (None, 2, 9)
bots = count(800_000)


@dataclass(frozen=True, slots=True)
class World:
    """A tenant with a bot, credits and five people of different luck."""

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
    """Everything that somebody, a worker or a provider may do next; refusals are answers too."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ahead = timedelta()

    @property
    def now(self) -> datetime:
        return timezone.now() + self.ahead

    def broadcasts(self) -> list[Broadcast]:
        return list(Broadcast.objects.for_tenant(self.world.tenant).order_by("id"))

    def any_broadcast(self, choice: int) -> Broadcast | None:
        found = self.broadcasts()
        return found[choice % len(found)] if found else None

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
            recipients=[RecipientRef(contact=each.pk) for each in self.world.contacts],
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
        given = {"tenant": self.world.tenant, "broadcast_id": broadcast.pk, "now": self.now}
        try:
            MOVES[move](**given)
        except DomainError:
            return

    def batch(self, choice: int) -> None:
        lanes = list(
            Lane.objects.filter(broadcast__tenant=self.world.tenant).order_by("broadcast_id", "n")
        )
        if lanes:
            run_batch(lane_id=lanes[choice % len(lanes)].pk, clock=lambda: self.now)

    def crash(self, choice: int, *, handed: bool) -> None:
        """A worker claims a batch, perhaps shuts the fence, and is never seen again."""
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
        rows = list(
            BroadcastMessage.objects.filter(tenant=self.world.tenant, attempts__gt=0).order_by("id")
        )
        if rows:
            row = rows[choice % len(rows)]
            receipt = Receipt(status=status, at=self.now, provider_message_id="", message_id=row.pk)
            apply_receipts(tenant_id=self.world.tenant.pk, receipts=[receipt], now=self.now)

    def late_answer(self, choice: int, kind: OutcomeKind) -> None:
        """A worker that was taken for dead, or is only slow, says what it was told."""
        batches = list(
            Batch.objects.select_related("broadcast__tenant", "broadcast__sender")
            .filter(broadcast__tenant=self.world.tenant, handed_at__isnull=False, settled_at=None)
            .order_by("id")
        )
        if not batches:
            return
        batch = batches[choice % len(batches)]
        assert batch.broadcast.sender is not None
        settle(
            broadcast=batch.broadcast,
            sender=batch.broadcast.sender,
            batch_id=batch.pk,
            outcomes=[(each, Outcome(kind, retry_after=0.0)) for each in batch.message_ids],
            is_last=True,
            now=self.now,
        )

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


def _retry(**given: object) -> None:
    lifecycle.retry_failed(actor=None, include_unreachable=True, **given)  # type: ignore[arg-type]  # as called


def _resolve(decision: Decision) -> Callable[..., object]:
    return lambda **given: lifecycle.resolve_unknown(actor=None, decision=decision, **given)


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
CHOICE = st.integers(min_value=0, max_value=7)
MAX_CREATED = 2


def assert_sound() -> None:
    breaches = find_breaches(now=timezone.now(), grace=timedelta(hours=-2))
    # Two lanes and a beat later it is finished: what only waits for that is no breach.
    waiting = {"not_finished", "finished_status_differs", "batch_not_swept"}
    assert [str(each) for each in breaches if each.check not in waiting] == []


def run_to_the_end(actions: Actions) -> None:
    """However it was left: with workers, beats and decisions it comes to an end, and adds up."""
    ours = Broadcast.objects.for_tenant(actions.world.tenant)
    actions.limit(None)
    for _ in range(40):
        # Less than makes a scheduled one late; in all over a day, which a daily limit waits for.
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
    assert {each.status for each in actions.broadcasts()} <= over
    assert find_breaches(now=timezone.now(), grace=timedelta(hours=-20)) == []


class Machine(RuleBasedStateMachine):
    sandbox: RunningSandbox

    def __init__(self) -> None:
        super().__init__()
        self.actions = Actions(make_world(self.sandbox))
        self.created = 0

    @initialize()
    def under_way(self) -> None:
        self.actions.create(then="send")
        for lane in (0, 1):
            self.actions.batch(lane)

    @rule(decision=st.sampled_from(("resend", "fail", "retry")), choice=CHOICE)
    def decide(self, decision: str, choice: int) -> None:
        self.actions.do(decision, choice)

    # By the steps alone, so that a replay draws the same: retries make broadcasts by their luck.
    @precondition(lambda self: self.created < MAX_CREATED)
    @rule(then=st.sampled_from(("send", "schedule")), policy=st.sampled_from(POLICIES))
    def create(self, then: str, policy: str) -> None:
        self.created += 1
        self.actions.create(then=then, policy=policy)

    @rule(choice=CHOICE, kind=st.sampled_from(list(OutcomeKind)))
    def late_answer(self, choice: int, kind: OutcomeKind) -> None:
        self.actions.late_answer(choice, kind)

    @rule(daily_limit=st.sampled_from(LIMITS))
    def limit(self, daily_limit: int | None) -> None:
        self.actions.limit(daily_limit)

    @rule(move=st.sampled_from(sorted(MOVES)), choice=CHOICE)
    def move(self, move: str, choice: int) -> None:
        self.actions.do(move, choice)

    @rule(choice=CHOICE)
    def batch(self, choice: int) -> None:
        self.actions.batch(choice)

    @rule(choice=CHOICE, handed=st.booleans())
    def crash(self, choice: int, handed: bool) -> None:
        self.actions.crash(choice, handed=handed)

    @rule(choice=CHOICE, status=st.sampled_from(list(ReceiptStatus)))
    def receipt(self, choice: int, status: ReceiptStatus) -> None:
        self.actions.receipt(choice, status)

    @rule(minutes=st.sampled_from((0, 1, 10, 90)))
    def beat(self, minutes: int) -> None:
        self.actions.ahead += timedelta(minutes=minutes)
        self.actions.beat()

    @invariant()
    def nothing_is_broken(self) -> None:
        assert_sound()

    def teardown(self) -> None:
        run_to_the_end(self.actions)


@pytest.mark.django_db(transaction=True)
def test_no_order_of_moves_breaks_an_invariant(sandbox: RunningSandbox) -> None:
    Machine.sandbox = sandbox
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


STEPS = 12
ACTORS = 4
HALF = 0.5


def act(world: World, seed: int) -> None:
    """One of several who act at once, on a connection of its own."""
    chance, actions = random.Random(seed), Actions(world)  # noqa: S311 - repeatable
    try:
        for _ in range(STEPS):
            any_step(actions, chance, choice=chance.randrange(8))
    finally:
        connection.close()


def any_step(actions: Actions, chance: random.Random, *, choice: int) -> None:
    steps = ("move", "move", "batch", "batch", "batch", "crash", "receipt", "late", "limit", "beat")
    match chance.choice(steps):
        case "move":
            actions.do(chance.choice(sorted(MOVES)), choice)
        case "batch":
            actions.batch(choice)
        case "crash":
            actions.crash(choice, handed=chance.random() < HALF)
        case "receipt":
            actions.receipt(choice, chance.choice(list(ReceiptStatus)))
        case "late":
            actions.late_answer(choice, chance.choice(list(OutcomeKind)))
        case "limit":
            actions.limit(chance.choice(LIMITS))
        case "beat":
            actions.beat()


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(ACTORS) as pool:
        yield pool


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_nobody_at_once_breaks_an_invariant(
    sandbox: RunningSandbox, crowd: ThreadPoolExecutor, seed: int
) -> None:
    """A deadlock, an error of any kind or a breach fails it; the seed is in the test's name."""
    world = make_world(sandbox)
    for then, policy in zip(("send", "send", "schedule"), POLICIES, strict=True):
        Actions(world).create(then=then, policy=policy)
    acting = [crowd.submit(act, world, 1000 * seed + actor) for actor in range(ACTORS)]
    for each in acting:
        each.result(timeout=60)
    assert_sound()
    run_to_the_end(Actions(world))
