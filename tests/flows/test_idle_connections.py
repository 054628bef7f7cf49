"""A server that closes idle connections at about the batch delay costs no message."""

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
"""Seconds; shorter than the idle time-out of any real server."""
BATCHES = 8
SIZE = 50
EARLIER, LATER = 0.9, 1.1
"""The server closes within these shares of the delay: just before or after the next batch."""


class Closing:
    """Answers as Telegram does, counts requests per recipient, closes idle connections."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - repeatable
        self.requests_by_chat: Counter[str] = Counter()

    async def __call__(
        self, far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(TimeoutError):
            while True:
                limit = DELAY * self.chance.uniform(EARLIER, LATER)
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), limit)
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                request = json.loads(await reader.readexactly(length))
                self.requests_by_chat[request["chat_id"]] += 1
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
    assert Counter(closing.requests_by_chat.values()) == {1: SIZE * BATCHES}
    assert_books_balance(broadcast)
