"""A worker whose machine's clock is wrong works by the database's clock, and says so."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from broadcast import lifecycle
from broadcast.models import Broadcast
from channels.models import Sender
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.types import MakeBroadcast, MakePeople, StartWorker
from tests.flows.accepted import assert_accepted_once
from tests.flows.waiting import wait_for
from wallet.models import Wallet

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
PEOPLE = 30


@pytest.mark.skipif(not LIBRARIES, reason="needs libfaketime (apt-get install libfaketime)")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ahead", ["+40", "-300", "+3600"])
def test_a_worker_with_a_wrong_clock_sends_in_time(
    beat: None,
    celery_worker_process: StartWorker,
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    sandbox: RunningSandbox,
    people: MakePeople,
    draft: MakeBroadcast,
    ahead: str,
) -> None:
    Sender.objects.update(batch_size=10)
    broadcast = draft(people(PEOPLE))
    worker = celery_worker_process(
        pool="prefork",
        LD_PRELOAD=str(LIBRARIES[0]),
        FAKETIME=f"{ahead}s",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )
    began = timezone.now()
    soon = began + timedelta(seconds=3)
    lifecycle.schedule(tenant=tenant, broadcast_id=broadcast.pk, at=soon, now=began)
    wait_for(lambda: Broadcast.objects.get(pk=broadcast.pk).status == "SENT")
    assert statuses(broadcast) == ["SENT"] * PEOPLE
    assert_accepted_once(sandbox, bot, PEOPLE)
    assert_books_balance(broadcast)
    margin = timedelta(seconds=2)
    for message in broadcast.messages.all():
        assert message.sent_at is not None
        assert soon - margin < message.sent_at < timezone.now() + margin
    assert b"clock_is_wrong" in worker.log.read_bytes()
