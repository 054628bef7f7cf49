"""A worker that is stopped before it settles, and what happens to its messages meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.utils import timezone

from broadcast import lifecycle
from broadcast.control.expiring import expire_due
from broadcast.engine.batch import sweep_batches
from broadcast.engine.claiming import claim, shut_fence
from broadcast.engine.settling import settle
from broadcast.models import Batch, Broadcast
from broadcast.states import UnknownPolicy
from channels.models import Sender
from channels.port.outcomes import Outcome
from contacts.models import Contact, Suppression


@dataclass(frozen=True, slots=True)
class LateAnswers:
    """The answers that a stopped worker has not settled yet."""

    arguments: dict[str, Any]

    def settle(self, outcome: Outcome) -> None:
        """Settles them now; every message gets this outcome."""
        self.settle_each([outcome] * len(self.arguments["outcomes"]))

    def settle_each(self, outcomes: Sequence[Outcome]) -> None:
        """Settles them now; the messages get these outcomes in turn."""
        message_ids = [message_id for message_id, _ in self.arguments["outcomes"]]
        answers = list(zip(message_ids, outcomes, strict=True))
        settle(**{**self.arguments, "outcomes": answers, "now": timezone.now()})


class StopWorker(Protocol):
    """`stop_worker(people(2))`: a broadcast that was handed over, and its late answers."""

    def __call__(
        self, contacts: list[Contact], **fields: object
    ) -> tuple[Broadcast, LateAnswers]: ...


def soon() -> datetime:
    """Late enough for every message that waits to be sent again."""
    return timezone.now() + timedelta(minutes=1)


# --- what a second batch may do with the messages ------------------------------------------------


def claim_again(broadcast: Broadcast) -> UUID:
    """Claims the next batch; returns its id."""
    lane = broadcast.lanes.select_related("broadcast__sender__tenant").get()
    assert lane.broadcast.sender is not None
    claimed = claim(broadcast=lane.broadcast, lane=lane, sender=lane.broadcast.sender, now=soon())
    assert claimed is not None
    return claimed.batch_id


def deferred(broadcast: Broadcast) -> None:
    Sender.objects.update(daily_limit=0)
    claim_again(broadcast)


def killed_before_the_fence(broadcast: Broadcast) -> None:
    Batch.objects.filter(pk=claim_again(broadcast)).update(lease_expires_at=timezone.now())
    sweep_batches(now=timezone.now())


def handed_over(broadcast: Broadcast) -> None:
    assert shut_fence(batch_id=claim_again(broadcast))


def killed_after_the_fence(broadcast: Broadcast) -> None:
    handed_over(broadcast)
    Batch.objects.filter(swept_at=None).update(lease_expires_at=timezone.now())
    sweep_batches(now=timezone.now())


def swept_with_the_policy_hold(broadcast: Broadcast) -> None:
    Broadcast.objects.update(unknown_policy=UnknownPolicy.HOLD)
    killed_after_the_fence(broadcast)


# --- what may end the messages while they wait ---------------------------------------------------


def cancelled(broadcast: Broadcast) -> None:
    lifecycle.cancel(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=timezone.now())


def expired(broadcast: Broadcast) -> None:
    Broadcast.objects.filter(pk=broadcast.pk).update(expires_at=timezone.now())
    assert expire_due(now=soon()) == 1


def suppressed(broadcast: Broadcast) -> None:
    address = broadcast.messages.get().address or ""
    Suppression.objects.create(tenant=broadcast.tenant, address=address, source="USER")
    claim_again(broadcast)
