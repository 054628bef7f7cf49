"""Messages of unknown fate: the broadcast waits for what would resolve them, but not for ever."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings

from broadcast.engine.batch import sweep_batches
from broadcast.engine.claiming import shut_fence
from broadcast.engine.settling import settle
from broadcast.models import Batch, Broadcast
from broadcast.moves.finishing import finish, finish_all
from channels.models import Sender
from channels.port.outcomes import Outcome, OutcomeKind
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.books import claimed_batch
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

People = Callable[..., list[Contact]]
MakeBroadcast = Callable[..., Broadcast]
GRACE = timedelta(seconds=settings.BROADCAST_UNKNOWN_GRACE)


@pytest.fixture
def swept_at(now: datetime) -> datetime:
    return now + timedelta(hours=1)


@pytest.fixture
def in_doubt(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: People,
    draft: MakeBroadcast,
    now: datetime,
    swept_at: datetime,
) -> Batch:
    """Handed over and never settled: both of its messages are UNKNOWN."""
    batch = claimed_batch(tenant, draft(people(2)), bot, now)
    assert shut_fence(batch_id=batch.pk)
    assert sweep_batches(now=swept_at) == 1
    return batch


def state(batch: Batch) -> tuple[str, str]:
    broadcast = Broadcast.objects.get(pk=batch.broadcast_id)
    return broadcast.status, broadcast.status_reason


def answer(batch: Batch, bot: Sender, *, of: int, now: datetime) -> None:
    settle(
        broadcast=batch.broadcast,
        sender=bot,
        batch_id=batch.pk,
        outcomes=[(each, Outcome(kind=OutcomeKind.ACCEPTED)) for each in batch.message_ids[:of]],
        is_last=True,
        now=now,
    )


def test_it_finishes_after_the_grace_and_says_what_is_not_known(
    in_doubt: Batch, swept_at: datetime
) -> None:
    assert finish_all(now=swept_at + GRACE - timedelta(seconds=1)) == 0
    assert state(in_doubt) == ("SENDING", "")
    assert finish_all(now=swept_at + GRACE) == 1
    reason = "The provider has not said what became of 2 messages."
    assert state(in_doubt) == ("PARTIALLY_SENT", reason)


def test_it_finishes_at_once_when_they_are_resolved(
    in_doubt: Batch, bot: Sender, swept_at: datetime
) -> None:
    answer(in_doubt, bot, of=2, now=swept_at)
    assert finish(broadcast_id=in_doubt.broadcast_id, now=swept_at)
    assert state(in_doubt) == ("SENT", "")


def test_what_comes_later_corrects_what_it_said(
    in_doubt: Batch, bot: Sender, swept_at: datetime
) -> None:
    finish_all(now=swept_at + GRACE)
    answer(in_doubt, bot, of=1, now=swept_at + GRACE)
    assert not finish(broadcast_id=in_doubt.broadcast_id, now=swept_at + GRACE)
    reason = "The provider has not said what became of 1 message."
    assert state(in_doubt) == ("PARTIALLY_SENT", reason)
    answer(in_doubt, bot, of=2, now=swept_at + GRACE)
    assert finish(broadcast_id=in_doubt.broadcast_id, now=swept_at + GRACE)
    assert state(in_doubt) == ("SENT", "")
