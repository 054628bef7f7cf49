"""Settle, sweep and cancel at the same moment: every message ends, and the money adds up."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from broadcast.models import Batch, Broadcast
from broadcast.moves.finishing import finish
from channels.models import Sender
from channels.port.outcomes import OutcomeKind
from tests.broadcast.books import assert_all_adds_up, statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from tests.races.movers import at_once, cancel, handed_over, settle_batch, sweep_batch
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8


@pytest.mark.parametrize("policy", ["HOLD", "RESEND", "FAIL"])
def test_cancel_against_settle_and_sweep_leaves_nothing_pending(
    rich: Wallet, people: MakePeople, draft: MakeBroadcast, policy: str
) -> None:
    for number in range(ROUNDS):
        broadcast = draft(people(12), unknown_policy=policy)
        Sender.objects.update(batch_size=8)
        (batch,) = handed_over(broadcast)
        steps: list[Callable[[], Any]] = [
            partial(settle_batch, batch),
            partial(sweep_batch, batch),
            partial(cancel, broadcast),
        ]
        at_once(*steps[number % 3 :], *steps[: number % 3])
        assert not {"PENDING", "SENDING"} & set(statuses(broadcast))
        assert statuses(broadcast)[8:] == ["CANCELLED"] * 4
        assert_all_adds_up(broadcast)


def test_settle_and_sweep_of_one_batch_count_each_message_once(
    rich: Wallet, people: MakePeople, draft: MakeBroadcast
) -> None:
    for _ in range(ROUNDS):
        broadcast = draft(people(8))
        (batch,) = handed_over(broadcast)
        at_once(
            partial(settle_batch, batch, [OutcomeKind.ACCEPTED]),
            partial(sweep_batch, batch),
            partial(settle_batch, batch, [OutcomeKind.ACCEPTED]),
        )
        assert statuses(broadcast) == ["SENT"] * 8
        assert_all_adds_up(broadcast)


def test_of_two_last_lanes_one_finishes_the_broadcast(
    rich: Wallet, people: MakePeople, draft: MakeBroadcast
) -> None:
    Sender.objects.update(batch_size=5, lanes=2)

    def settle_and_finish(batch: Batch) -> tuple[bool, bool]:
        moved = settle_batch(batch, [OutcomeKind.ACCEPTED])
        return moved.is_over, moved.is_over and finish(
            broadcast_id=batch.broadcast_id, now=timezone.now()
        )

    for _ in range(ROUNDS):
        broadcast = draft(people(10))
        batches = handed_over(broadcast)
        assert sorted(at_once(*(partial(settle_and_finish, batch) for batch in batches))) == [
            (False, False),
            (True, True),
        ]
        assert Broadcast.objects.get(pk=broadcast.pk).status == "SENT"
        assert_all_adds_up(broadcast)
