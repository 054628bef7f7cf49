"""What the faults of a run act on, and what they have done so far."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from django.conf import settings

from tests.chaos.fleet import Fleet
from tests.chaos.scenario import Scenario
from tests.chaos.witness import Witness

BATCH = settings.BROADCAST_BATCH_SIZE
CHILDREN = 2
"""Processes of the sending pool."""
PER_CHILD = settings.BATCHES_AT_ONCE * BATCH
"""Most messages that one child process can have claimed but not settled."""


@dataclass(slots=True)
class Chaos:
    """The objects that the faults of a run act on, and what the faults have done so far."""

    fleet: Fleet
    witness: Witness
    scenario: Scenario
    random: Random
    allowance: int = 0
    """UNKNOWN messages that the faults so far may explain.

    If the answer to one request for many messages is lost, all of them may become UNKNOWN.
    """
    cancelled_by: float | None = None
    """When the cancel returned (time.time())."""
    done: list[str] = field(default_factory=list)
    later: list[tuple[float, str, Callable[[], None]]] = field(default_factory=list)

    def after(self, seconds: float, name: str, action: Callable[[], None]) -> None:
        self.later.append((time.monotonic() + seconds, name, action))
