"""Waits for what workers do to a broadcast."""

import time
from collections.abc import Callable

from broadcast.models import Broadcast
from tests.broadcast.books import statuses

DEADLINE = 30.0
"""Seconds: far more than any condition of these tests needs."""


def wait_for(condition: Callable[[], bool]) -> None:
    """Returns once the condition holds; fails after DEADLINE."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "The condition did not come true in time."
        time.sleep(0.05)


def wait_until_sent(broadcast: Broadcast) -> None:
    """Returns once none of its messages waits to be sent or is being sent."""
    wait_for(lambda: not {"PENDING", "SENDING"} & set(statuses(broadcast)))
