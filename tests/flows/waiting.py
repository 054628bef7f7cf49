"""Waits for what workers do, and reads what the sandbox accepted from a sender meanwhile."""

import time
from collections.abc import Callable

from channels.models import Sender
from sandbox.running import RunningSandbox
from tests.sandbox.client import Client

DEADLINE = 30.0
"""Seconds: far more than any condition of these tests needs."""
SLOW = 9008
"""Ending of recipients that the sandbox accepts at once and answers late."""


def wait_for(condition: Callable[[], bool]) -> None:
    """Returns once the condition holds; fails after DEADLINE."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "The condition did not come true in time."
        time.sleep(0.05)


def accepted_recipients(sandbox: RunningSandbox, sender: Sender) -> list[str]:
    """Recipients of the messages that the sandbox accepted, one entry for each message."""
    answer = Client(sandbox.base_url).get(f"accepted?account={sender.account_id}&limit=1000")
    return [message["to"] for message in answer["results"]]
