"""Beat sends one hint for every overdue lane without a task, and no more hints than that."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from broadcast import lifecycle
from broadcast.engine.batch import run_next_batch
from broadcast.lanes.hints import SENDING, hints_waiting, serve_soon
from broadcast.models import Lane
from broadcast.tasks import HINT_LASTS, OVERDUE_AFTER, revive, serve
from channels.models import Sender
from sandbox.behaviour.magic import ENDINGS, Behaviour
from tests.broadcast.books import statuses
from tests.factories import BroadcastFactory, SenderFactory
from tests.fixtures.engine import set_first_cut, set_serving_time
from tests.fixtures.types import MakeBroadcast, MakePeople
from tests.runs import remove_own_keys
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def overdue(redis_client: redis.Redis, now: datetime) -> None:
    """Three overdue lanes, and a lane that has just become due."""
    sender = SenderFactory.create()
    for late in (2, 3, 4, 0):
        broadcast = BroadcastFactory.create(tenant=sender.tenant, sender=sender, status="SENDING")
        Lane.objects.create(broadcast=broadcast, n=1, next_batch_at=now - late * OVERDUE_AFTER)


def test_what_was_lost_with_the_queue_is_hinted_at_again(
    overdue: None, redis_client: redis.Redis
) -> None:
    assert hints_waiting() == 0
    revive()
    assert hints_waiting() == 3
    remove_own_keys()
    revive()
    assert hints_waiting() == 3


def test_a_limiter_without_a_memory_starts_with_the_next_look(redis_client: redis.Redis) -> None:
    assert not redis_client.keys(f"{settings.REDIS_KEY_PREFIX}pace:*")
    revive()
    assert redis_client.keys(f"{settings.REDIS_KEY_PREFIX}pace:*")


def test_busy_workers_are_not_hinted_at_twice(overdue: None) -> None:
    for _ in range(5):
        revive()
    assert hints_waiting() == 3


def test_hints_come_with_the_commit(redis_client: redis.Redis) -> None:
    with transaction.atomic():
        serve_soon(lanes=2)
        assert hints_waiting() == 0
    assert hints_waiting() == 2


@pytest.mark.parametrize("delay", [0, 20])
def test_a_hint_that_no_worker_takes_in_time_is_dropped(
    redis_client: redis.Redis,
    rich: Wallet,
    people: MakePeople,
    draft: MakeBroadcast,
    monkeypatch: pytest.MonkeyPatch,
    delay: int,
) -> None:
    """Every batch may send a hint: without expiry, hints would pile up on busy workers."""
    Sender.objects.update(batch_size=1, batch_delay=delay)
    set_serving_time(monkeypatch, 0.05)
    broadcast = draft(people(40))
    lifecycle.send(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=timezone.now())
    hints_taken()
    began = timezone.now()
    serve()
    (hint,) = hints_taken()
    expires = datetime.fromisoformat(hint.headers["expires"])
    lasts = timedelta(seconds=delay + HINT_LASTS)
    assert began + lasts <= expires <= timezone.now() + lasts


def hints_taken() -> list[Any]:
    """Takes all hints from the queue."""
    with current_app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        return list(iter(lambda: channel.basic_get(SENDING, no_ack=True), None))


def test_a_broker_that_is_away_costs_no_answer(
    rich: Wallet,
    people: MakePeople,
    draft: MakeBroadcast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next batch is announced after the first cut; late answers are settled all the same."""
    slow = next(int(key) for key, behaviour in ENDINGS.items() if behaviour == Behaviour.SLOW)
    broadcast = draft([*people(1), *people(1, ending=slow)])
    lifecycle.send(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=timezone.now())
    set_first_cut(monkeypatch, 0.05)

    def announce(due: datetime) -> None:
        raise OperationalError("Connection refused.")

    run_next_batch(clock=timezone.now, announce=announce)
    assert statuses(broadcast) == ["SENT", "SENT"]
