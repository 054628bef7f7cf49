"""One run: a broadcast, faults at random instants, and the wait until everything holds again."""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from random import Random

from django.db import Error, connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from broadcast import lifecycle
from broadcast.models import Broadcast, BroadcastMessage
from tests.chaos import scenario
from tests.chaos.accounts import Account
from tests.chaos.faults import FAULTS, WEIGHTS, Chaos, control
from tests.chaos.fleet import Fleet
from tests.chaos.oracle import breaches
from tests.chaos.witness import Witness

LOOK = 0.1
UNTIL_IT_HOLDS = 45.0
"""Seconds; a run that needs them has failed, the usual one takes a few."""
AGAIN = 0.3
PAUSED = "the broadcast is SENDING "
"""And then why: the product's own brake, which a storm of failures may have pulled."""
WINDOW = 3.0
"""Seconds after the start within which faults begin."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a seed came to. `breaches` is empty where all held."""

    seed: int
    seconds: float
    faults: list[str]
    breaches: list[str]
    statuses: dict[str, int]
    account: Account
    missed_points: list[str] = field(default_factory=list)


def run(seed: int, *, fleet: Fleet, witness: Witness, only: str = "") -> Run:
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    began = time.monotonic()
    made = scenario.made(seed, random, witness=witness, web_url=fleet.web_url)
    chaos = Chaos(fleet=fleet, witness=witness, scenario=made, random=random)
    names = [only] if only else random.choices(list(FAULTS), WEIGHTS, k=random.choice([1, 2, 2, 3]))
    for name in names:
        chaos.after(random.uniform(0, WINDOW), name, partial(FAULTS[name], chaos))
    lifecycle.send(tenant=made.tenant, broadcast_id=made.broadcast.pk, now=timezone.now())
    wrong = _until_all_holds(chaos)
    missed = fleet.withdraw_orders()
    return Run(
        seed=seed,
        seconds=time.monotonic() - began,
        faults=chaos.done,
        breaches=wrong,
        statuses=_statuses(made.broadcast),
        account=made.account,
        missed_points=missed,
    )


def _until_all_holds(chaos: Chaos) -> list[str]:
    deadline = time.monotonic() + UNTIL_IT_HOLDS
    resumed = False
    while True:
        _do_what_is_due(chaos)
        wrong = ["faults are still to come"] if chaos.later else _looked(chaos)
        if not wrong or time.monotonic() > deadline:
            return wrong
        if not chaos.later and not resumed and any(each.startswith(PAUSED) for each in wrong):
            resumed = control(chaos, "resume")  # paused by itself for too many failures
        time.sleep(LOOK)


def _do_what_is_due(chaos: Chaos) -> None:
    for entry in sorted(chaos.later, key=lambda each: each[0]):
        if entry[0] <= time.monotonic():
            chaos.later.remove(entry)
            try:
                entry[2]()
            except (Error, OperationalError):
                # Another fault has taken the database or the broker away: as a user would, again.
                connection.close()
                chaos.after(AGAIN, *entry[1:])
            else:
                chaos.done.append(entry[1])


def _looked(chaos: Chaos) -> list[str]:
    try:
        return breaches(chaos)
    except (Error, OSError) as away:
        connection.close()
        return [f"the oracle could not look: {type(away).__name__}"]


def _statuses(broadcast: Broadcast) -> dict[str, int]:
    rows = BroadcastMessage.objects.filter(broadcast=broadcast).order_by()
    return dict(Counter(rows.values_list("status", flat=True)))
