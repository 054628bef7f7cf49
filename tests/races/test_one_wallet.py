"""Batches of several broadcasts are settled at the same moment and charge one wallet."""

from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from channels.models import Sender
from channels.port.outcomes import OutcomeKind
from doctor.checkup import find_breaches
from tests.broadcast.books import assert_all_adds_up
from tests.fixtures.types import MakeBroadcast, MakePeople
from tests.races.movers import at_once, handed_over, settle_batch
from wallet.models import LedgerEntry, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS, BROADCASTS = 6, 6
SOME_REFUSED = (OutcomeKind.ACCEPTED, OutcomeKind.PERMANENT)


def test_no_settle_loses_what_another_one_moves(
    rich: Wallet, people: MakePeople, draft: MakeBroadcast
) -> None:
    Sender.objects.update(batch_size=5, lanes=2)
    for _ in range(ROUNDS):
        broadcasts = [draft(people(10)) for _ in range(BROADCASTS)]
        batches = [batch for broadcast in broadcasts for batch in handed_over(broadcast)]
        at_once(*(partial(settle_batch, batch, SOME_REFUSED) for batch in batches))
        for broadcast in broadcasts:
            assert_all_adds_up(broadcast)
    assert LedgerEntry.objects.filter(kind="CAPTURE").count() == ROUNDS * BROADCASTS * 2
    assert LedgerEntry.objects.filter(kind="RELEASE").count() == ROUNDS * BROADCASTS * 2
    assert not find_breaches(now=timezone.now())
    balance = held = Decimal(0)
    for entry in LedgerEntry.objects.order_by("id"):
        balance, held = balance + entry.balance_delta, held + entry.held_delta
        assert (entry.balance_after, entry.held_after) == (balance, held)
