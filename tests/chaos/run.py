"""One run: a broadcast, faults at random times, and a wait until the oracle finds no breach."""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from random import Random

import psycopg2
from django.db import Error, connection
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import RedisError

from broadcast import lifecycle
from broadcast.models import Broadcast, BroadcastMessage
from tests.chaos.accounts import Account
from tests.chaos.chaos import Chaos
from tests.chaos.faults import FAULTS, WEIGHTS, control
from tests.chaos.fleet import Fleet
from tests.chaos.oracle import breaches
from tests.chaos.scenario import make_scenario
from tests.chaos.witness import Witness

POLL_SECONDS = 0.1
DEADLINE = 45.0
"""Seconds after which a run has failed; usually it takes a few."""
RETRY_SECONDS = 0.3
PAUSED = "the broadcast is SENDING "
"""The start of a breach that ends with the reason of an automatic pause."""
WINDOW = 3.0
"""Seconds after the start within which faults begin."""


@dataclass(frozen=True, slots=True)
class Run:
    """The result of one seed; `breaches` is empty if everything held."""

    seed: int
    seconds: float
    faults: list[str]
    breaches: list[str]
    statuses: dict[str, int]
    account: Account
    missed_points: list[str] = field(default_factory=list)


def run(seed: int, *, fleet: Fleet, witness: Witness, only: str = "") -> Run:
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    began = time.monotonic()
    scenario = make_scenario(seed, random, witness=witness, web_url=fleet.web_url)
    chaos = Chaos(fleet=fleet, witness=witness, scenario=scenario, random=random)
    names = (
        [random.choice(only.split(","))]
        if only
        else random.choices(list(FAULTS), WEIGHTS, k=random.choice([1, 2, 2, 3]))
    )
    for name in names:
        chaos.after(random.uniform(0, WINDOW), name, partial(FAULTS[name], chaos))
    lifecycle.send(tenant=scenario.tenant, broadcast_id=scenario.broadcast.pk, now=timezone.now())
    wrong = _until_all_holds(chaos)
    wrong += [f"{name} ended by itself" for name in fleet.take_ended()]
    missed = fleet.withdraw_orders()
    return Run(
        seed=seed,
        seconds=time.monotonic() - began,
        faults=chaos.done,
        breaches=wrong,
        statuses=_statuses(scenario.broadcast),
        account=scenario.account,
        missed_points=missed,
    )


def _until_all_holds(chaos: Chaos) -> list[str]:
    deadline = time.monotonic() + DEADLINE
    resumed = False
    while True:
        _do_what_is_due(chaos)
        wrong = ["faults are still to come"] if chaos.later else _checked(chaos)
        if not wrong or time.monotonic() > deadline:
            return wrong
        if not chaos.later and not resumed and any(breach.startswith(PAUSED) for breach in wrong):
            resumed = control(chaos, "resume")  # too many failures have paused it
        time.sleep(POLL_SECONDS)


def _do_what_is_due(chaos: Chaos) -> None:
    for entry in sorted(chaos.later, key=lambda due: due[0]):
        if entry[0] <= time.monotonic():
            chaos.later.remove(entry)
            try:
                entry[2]()
            except (Error, psycopg2.Error, OperationalError, RedisError):
                # Another fault has stopped the database or the broker: retry, as a user would.
                connection.close()
                chaos.after(RETRY_SECONDS, *entry[1:])
            else:
                chaos.done.append(entry[1])


def _checked(chaos: Chaos) -> list[str]:
    try:
        return breaches(chaos)
    except (Error, OSError) as error:
        connection.close()
        return [f"the oracle could not check: {type(error).__name__}"]


def _statuses(broadcast: Broadcast) -> dict[str, int]:
    rows = BroadcastMessage.objects.filter(broadcast=broadcast).order_by()
    return dict(Counter(rows.values_list("status", flat=True)))
