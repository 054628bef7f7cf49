"""What the sandbox has accepted from a sender, by the sandbox's own records."""

from channels.models import Sender
from sandbox.running import RunningSandbox
from tests.sandbox.client import Client

SLOW = 9008
"""Ending of recipients that the sandbox accepts at once and answers late."""


def accepted_recipients(sandbox: RunningSandbox, sender: Sender) -> list[str]:
    """Recipients of the messages that the sandbox accepted, one entry for each message."""
    answer = Client(sandbox.base_url).get(f"accepted?account={sender.account_id}&limit=1000")
    return [message["to"] for message in answer["results"]]


def assert_accepted_once(sandbox: RunningSandbox, sender: Sender, number: int) -> None:
    """The sandbox accepted one message for each of so many recipients."""
    recipients = accepted_recipients(sandbox, sender)
    assert len(recipients) == len(set(recipients)) == number
