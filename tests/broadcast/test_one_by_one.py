"""A broadcast that cannot be moved never holds up the others that are looked at with it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from broadcast.claiming import shut_fence
from broadcast.models import Broadcast
from broadcast.sending import sweep_batches
from channels.models import Sender
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.books import statuses
from tests.broadcast.test_engine import claimed_batch
from wallet.models import Wallet

People = Callable[..., list[Contact]]
MakeBroadcast = Callable[..., Broadcast]

pytestmark = pytest.mark.django_db


def test_batches_are_swept_beside_one_that_cannot_be(
    rich: Wallet, tenant: Tenant, bot: Sender, people: People, draft: MakeBroadcast, now: datetime
) -> None:
    made = [draft(people(1)) for _ in range(3)]
    for each in made:
        assert shut_fence(batch_id=claimed_batch(tenant, each, bot, now).pk)
    Broadcast.objects.filter(pk=made[1].pk).update(hold_revision=99, unknown_policy="FAIL")
    assert sweep_batches(now=now + timedelta(hours=1)) == 2
    assert [statuses(each) for each in made] == [["UNKNOWN"], ["SENDING"], ["UNKNOWN"]]
