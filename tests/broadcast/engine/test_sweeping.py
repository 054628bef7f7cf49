"""What a sweep does with the messages of a batch whose worker is gone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from broadcast.engine.batch import run_batch, sweep_batches
from broadcast.models import Batch
from broadcast.states import UnknownPolicy
from channels.models import Sender
from tests.broadcast.books import statuses
from tests.broadcast.engine.late import StopWorker
from tests.fixtures.sending import PRICE
from tests.fixtures.types import MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


def test_what_is_to_be_sent_again_comes_back_after_a_sweep(
    stop_worker: StopWorker, rich: Wallet, people: MakePeople
) -> None:
    broadcast, _ = stop_worker(people(2), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    assert statuses(broadcast) == ["PENDING", "PENDING"]
    later = timezone.now() + timedelta(minutes=1)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: later)
    assert statuses(broadcast) == ["SENT", "SENT"]


@pytest.mark.parametrize(
    ("attempts", "outcome", "held"),
    [
        (3, ("PENDING", "HELD", "no_answer"), 2 * PRICE),
        (4, ("FAILED", "RELEASED", "retries_exhausted"), PRICE),
    ],
)
def test_a_sweep_sends_nothing_again_beyond_the_senders_retries(
    stop_worker: StopWorker,
    rich: Wallet,
    people: MakePeople,
    attempts: int,
    outcome: tuple[str, str, str],
    held: Decimal,
) -> None:
    """Three retries are four hand-overs: after the fourth a message fails and costs nothing."""
    Sender.objects.update(max_retries=3)
    broadcast, _ = stop_worker(people(2), unknown_policy=UnknownPolicy.RESEND)
    broadcast.messages.filter(seq=1).update(attempts=attempts)
    sweep_batches(now=timezone.now())
    message = broadcast.messages.get(seq=1)
    assert (message.status, message.charge_state, message.error_code) == outcome
    assert (message.failed_at is not None) == (message.status == "FAILED")
    assert statuses(broadcast)[1] == "PENDING"
    rich.refresh_from_db()
    assert rich.held == held


def test_what_was_never_handed_over_goes_back_however_often_it_was_tried(
    stop_worker: StopWorker, rich: Wallet, people: MakePeople
) -> None:
    broadcast, _ = stop_worker(people(1), unknown_policy=UnknownPolicy.RESEND)
    Batch.objects.filter(broadcast=broadcast).update(handed_at=None)
    broadcast.messages.update(attempts=9)
    sweep_batches(now=timezone.now())
    message = broadcast.messages.get()
    assert (message.status, message.attempts) == ("PENDING", 8)
