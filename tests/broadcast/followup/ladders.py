"""Broadcasts with a fallback ladder, their children, and retries whose outcome a test chooses."""

from typing import Protocol

from django.utils import timezone

from broadcast import lifecycle
from broadcast.followup.fallback import fall_back
from broadcast.models import Broadcast
from contacts.models import Contact
from sandbox.running import RunningSandbox
from tests.broadcast.batches import run_next_batch_of
from tests.sandbox.client import Client

REFUSED = 9003
BLOCKED = 9004
RESETS = 9012
"""Endings of recipients that the sandbox refuses, has blocked the bot for, and hangs up on."""
RUNGS = [{"platform": "TELEGRAM", "text": "Another way"}]
TWO_RUNGS = [{"platform": "TELEGRAM", "text": "One"}, {"platform": "TELEGRAM", "text": "Two"}]


class SendWithRung(Protocol):
    """`sent_on(people(3))`: a finished broadcast whose ladder is RUNGS."""

    def __call__(self, contacts: list[Contact], **fields: object) -> Broadcast: ...


def children(parent: Broadcast) -> list[Broadcast]:
    return list(parent.children.select_related("counters").order_by("id"))


def next_rung(parent: Broadcast) -> Broadcast:
    """Falls back; returns the only child of the parent."""
    assert fall_back(now=timezone.now()) == 1
    (rung,) = children(parent)
    return rung


def retry(broadcast: Broadcast) -> Broadcast:
    """Retries all its failed messages, also those of unreachable recipients; returns the child."""
    return lifecycle.retry_failed(
        tenant=broadcast.tenant,
        broadcast_id=broadcast.pk,
        actor=None,
        now=timezone.now(),
        include_unreachable=True,
    ).child


def retry_with_outcome(parent: Broadcast, sandbox: RunningSandbox, behaviour: str) -> Broadcast:
    """Retries its only failed message while the sandbox behaves like this to the recipient."""
    client = Client(sandbox.base_url)
    failed = parent.messages.get(status="FAILED")
    recipient = {"provider": "telegram", "to": failed.address}
    client.control("recipients", {**recipient, "behaviour": behaviour})
    child = retry(parent)
    run_next_batch_of(child)
    client.control("recipients", {**recipient, "behaviour": None})
    return child
