"""Launch, pause, resume, cancel, retry, resolve, fall back, receipts, crashes, late answers.

In any order: real transactions on the real database, real requests to the sandbox. After every
step the doctor checks all rows: no order of moves may break an invariant.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
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

from channels.port.events import ReceiptStatus
from channels.port.outcomes import OutcomeKind
from sandbox.running import RunningSandbox
from tests.broadcast.actions import (
    LIMITS,
    MOVES,
    POLICIES,
    Actions,
    World,
    assert_sound,
    make_world,
    run_to_the_end,
)

CHOICE = st.integers(min_value=0, max_value=7)
MAX_CREATED = 2


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

    # Counts steps, not broadcasts: retries make broadcasts too, and a replay must draw the same.
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
"""Steps of each actor."""
ACTORS = 4


def act(world: World, seed: int) -> None:
    """One of several threads that act at once, each on its own connection."""
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
            actions.crash(choice, handed=chance.random() < 0.5)
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
    """A deadlock, any error or a breach fails the test; the seed is in the test's name."""
    world = make_world(sandbox)
    for then, policy in zip(("send", "send", "schedule"), POLICIES, strict=True):
        Actions(world).create(then=then, policy=policy)
    running = [crowd.submit(act, world, 1000 * seed + actor) for actor in range(ACTORS)]
    for future in running:
        future.result(timeout=60)
    assert_sound()
    run_to_the_end(Actions(world))
