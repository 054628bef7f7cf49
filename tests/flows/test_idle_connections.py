"""A server that closes idle connections at about the batch delay: no message is lost in between."""

import asyncio
import json
import random
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from time import sleep

import pytest
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.batch import run_batch
from channels.models import Sender
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.channels.http.far_end import OK, FarEnd, running_far_end
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

DELAY = 1.5
"""Seconds, and a server's shortest plausible idle time-out: real ones keep connections longer."""
BATCHES = 8
SIZE = 50
EARLIER, LATER = 0.9, 1.1
"""When the server closes, as a share of the delay: it may cross the next batch both ways."""


class Closing:
    """Answers as Telegram does, counts whom it was asked to write to, and closes what is idle."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - repeatable
        self.taken: Counter[int] = Counter()

    async def __call__(
        self, far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(TimeoutError):
            while True:
                limit = DELAY * self.chance.uniform(EARLIER, LATER)
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), limit)
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                self.taken[int(json.loads(await reader.readexactly(length))["chat_id"])] += 1
                writer.write(OK)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_a_server_that_closes_at_about_the_batch_delay_costs_no_message(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    seed: int,
) -> None:
    closing = Closing(seed)
    with running_far_end() as far_end:
        far_end.behaviour = closing
        Sender.objects.update(
            base_url=far_end.url, batch_size=SIZE, batch_delay=Decimal(str(DELAY))
        )
        broadcast = draft(people(SIZE * BATCHES))
        lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
        lane = broadcast.lanes.get()
        for _ in range(BATCHES):
            run_batch(lane_id=lane.pk, clock=timezone.now)
            lane.refresh_from_db()
            if lane.next_batch_at is not None:
                sleep(max(0.0, (lane.next_batch_at - timezone.now()).total_seconds()))
    assert Counter(statuses(broadcast)) == {"SENT": SIZE * BATCHES}
    assert Counter(closing.taken.values()) == {1: SIZE * BATCHES}
    assert_books_balance(broadcast)
