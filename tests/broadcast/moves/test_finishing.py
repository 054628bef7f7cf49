"""A broadcast with UNKNOWN messages waits for their receipts, but not for ever."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from broadcast.engine.batch import sweep_batches
from broadcast.engine.claiming import shut_fence
from broadcast.models import Batch, Broadcast
from broadcast.moves.finishing import finish, finish_all
from channels.models import Sender
from channels.port.outcomes import Outcome, OutcomeKind
from tenants.models import Tenant
from tests.broadcast.batches import answer_batch
from tests.broadcast.books import claimed_batch
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

GRACE = timedelta(seconds=settings.BROADCAST_UNKNOWN_GRACE)


@pytest.fixture
def swept_at(now: datetime) -> datetime:
    return now + timedelta(hours=1)


@pytest.fixture
def in_doubt(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
    swept_at: datetime,
) -> Batch:
    """A batch that was handed over and never settled: both of its messages are UNKNOWN."""
    batch = claimed_batch(tenant, draft(people(2)), bot, now)
    assert shut_fence(batch_id=batch.pk)
    assert sweep_batches(now=swept_at) == 1
    return batch


def state(batch: Batch) -> tuple[str, str]:
    """(status, its reason) of the batch's broadcast."""
    broadcast = Broadcast.objects.get(pk=batch.broadcast_id)
    return broadcast.status, broadcast.status_reason


def accept(batch: Batch, *, number: int, now: datetime) -> None:
    """Settles the first messages of the batch as accepted."""
    answer_batch(batch, [Outcome(kind=OutcomeKind.ACCEPTED)] * number, now=now)


def test_it_finishes_after_the_grace_and_says_what_is_not_known(
    in_doubt: Batch, swept_at: datetime
) -> None:
    assert finish_all(now=swept_at + GRACE - timedelta(seconds=1)) == 0
    assert state(in_doubt) == ("SENDING", "")
    assert finish_all(now=swept_at + GRACE) == 1
    reason = "The provider has not said what became of 2 messages."
    assert state(in_doubt) == ("PARTIALLY_SENT", reason)


def test_it_finishes_at_once_when_they_are_resolved(in_doubt: Batch, swept_at: datetime) -> None:
    accept(in_doubt, number=2, now=swept_at)
    assert finish(broadcast_id=in_doubt.broadcast_id, now=swept_at)
    assert state(in_doubt) == ("SENT", "")


def test_what_comes_later_corrects_what_it_said(in_doubt: Batch, swept_at: datetime) -> None:
    finish_all(now=swept_at + GRACE)
    accept(in_doubt, number=1, now=swept_at + GRACE)
    assert not finish(broadcast_id=in_doubt.broadcast_id, now=swept_at + GRACE)
    reason = "The provider has not said what became of 1 message."
    assert state(in_doubt) == ("PARTIALLY_SENT", reason)
    accept(in_doubt, number=2, now=swept_at + GRACE)
    assert finish(broadcast_id=in_doubt.broadcast_id, now=swept_at + GRACE)
    assert state(in_doubt) == ("SENT", "")
