"""A broadcast that is sent at a steady pace while processes are killed."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from benchmarks.own_stack import APP_SECRET, endpoint_token
from benchmarks.scene import Case, planned, send, sender_for, tenant_with
from broadcast.models import Batch, Broadcast, BroadcastMessage
from broadcast.states import FINISHED
from channels.models import ProviderApp, Sender
from channels.platforms import Platform
from tests.chaos.accounts import telegram, whatsapp
from tests.chaos.scenario import Scenario


@dataclass(frozen=True, slots=True)
class UnderWay:
    scenario: Scenario
    began: datetime

    def statuses(self) -> dict[str, int]:
        rows = BroadcastMessage.objects.filter(broadcast=self.scenario.broadcast).order_by()
        return dict(Counter(rows.values_list("status", flat=True)))

    def finished_at(self) -> datetime | None:
        broadcasts = Broadcast.objects.filter(pk=self.scenario.broadcast.pk, status__in=FINISHED)
        return broadcasts.values_list("finished_at", flat=True).first()

    def is_flowing_since(self, moment: datetime) -> datetime | None:
        """When the first batch claimed after `moment` was handed over; None if none was yet."""
        later = Batch.objects.filter(
            broadcast=self.scenario.broadcast, claimed_at__gt=moment, handed_at__isnull=False
        )
        return later.order_by("handed_at").values_list("handed_at", flat=True).first()

    def left(self) -> int:
        """The number of messages that wait to be claimed."""
        return BroadcastMessage.objects.filter(
            broadcast=self.scenario.broadcast, status="PENDING"
        ).count()


def in_hand_of(sending_processes: int) -> int:
    """Most messages that this many processes can have handed over but not settled."""
    return sending_processes * int(settings.BATCHES_AT_ONCE) * int(settings.BROADCAST_BATCH_SIZE)


def started(*, platform: Platform, messages: int, per_second: int, sandbox_url: str) -> UnderWay:
    """Starts a broadcast through the sandbox at `per_second` messages a second."""
    case = Case(platform)
    sender = sender_for(case, tenant=tenant_with(messages), stub_url=sandbox_url, lanes=2)
    Sender.objects.filter(pk=sender.pk).update(
        base_url=sandbox_url, messages_per_second=Decimal(per_second), app=_app(sender)
    )
    sender.refresh_from_db()
    broadcast = planned(case, sender=sender)
    send(broadcast)
    account = telegram if platform == Platform.TELEGRAM else whatsapp
    scenario = Scenario(sender.tenant, account(sender.account_id), sender, broadcast, ambiguous=0)
    return UnderWay(scenario, began=timezone.now())


def _app(sender: Sender) -> ProviderApp | None:
    if sender.platform != Platform.WHATSAPP:
        return None
    return ProviderApp.objects.create(
        tenant=sender.tenant,
        provider="meta_cloud",
        name="Bench",
        endpoint_token=endpoint_token(sender.account_id),
        secrets={"app_secret": APP_SECRET, "verify_token": "a-made-up-token"},
    )


def longest_silence(accepted: list[dict[str, Any]], *, around: float) -> float:
    """The longest gap, in seconds, between two messages at the provider near `around`.

    A gap counts if it begins up to 1 s before or up to 10 s after `around`, or contains it.
    """
    times = sorted(float(record["monotonic"]) for record in accepted)
    gaps = [
        after - before
        for before, after in pairwise(times)
        if around - 1 <= before <= around + 10 or before <= around < after
    ]
    return round(max(gaps, default=0.0), 2)


def until(condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """The condition's first true value; retries while the database does not answer.

    Raises RuntimeError, which names `what`, after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            if value := condition():
                return value
        except Error:
            connection.close()
        if time.monotonic() > deadline:
            raise RuntimeError(f"Not within {seconds:.0f} s: {what}.")
        time.sleep(0.1)
