"""Webhook calls that come at once share a commit; a call that cannot be stored harms no other."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic, sleep

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from channels.models import ProviderApp
from inbound.models import ProviderEvent
from inbound.webhooks import storing
from inbound.webhooks.storing import store
from tests.factories import ProviderAppFactory
from tests.races.blocking import DEADLINE, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)

Store = Callable[[ProviderApp], "Future[None]"]


@pytest.fixture
def at_once() -> Iterator[Store]:
    """`at_once(app)` stores a call of the app from its own thread."""

    def from_a_thread(app: ProviderApp) -> None:
        try:
            store(app=app, event_key="", body=b"{}", now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        yield lambda app: pool.submit(from_a_thread, app)


@contextmanager
def first_one_held_up(at_once: Store, app: ProviderApp) -> "Iterator[Future[None]]":
    """The first call cannot write before the block ends; later calls gather meanwhile."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE inbound_providerevent IN SHARE MODE")
        first = at_once(app)
        wait_until_blocked()
        yield first


def wait_until_gathered(number: int) -> None:
    deadline = monotonic() + DEADLINE
    while len(storing._write_queue._waiting) < number:
        assert monotonic() < deadline, "The calls do not gather."
        sleep(0.01)


def commits() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM inbound_providerevent")
        number: int = cursor.fetchone()[0]
    return number


def test_what_gathers_is_written_at_once(at_once: Store) -> None:
    app = ProviderAppFactory.create()
    with first_one_held_up(at_once, app) as first:
        others = [at_once(app) for _ in range(7)]
        wait_until_gathered(7)
    for call in (first, *others):
        call.result(timeout=DEADLINE)
    assert ProviderEvent.objects.count() == 8
    assert commits() == 2


def test_a_call_that_cannot_be_stored_takes_none_with_it(at_once: Store) -> None:
    app = ProviderAppFactory.create()
    gone = ProviderAppFactory.create()
    ProviderApp.objects.filter(pk=gone.pk).delete()
    with first_one_held_up(at_once, app) as first:
        others = [at_once(app) for _ in range(3)]
        bad = at_once(gone)
        others += [at_once(app) for _ in range(3)]
        wait_until_gathered(7)
    for call in (first, *others):
        call.result(timeout=DEADLINE)
    with pytest.raises(IntegrityError):
        bad.result(timeout=DEADLINE)
    assert ProviderEvent.objects.filter(app=app).count() == ProviderEvent.objects.count() == 7


def test_within_a_transaction_a_call_belongs_to_it() -> None:
    app = ProviderAppFactory.create()
    with transaction.atomic():
        store(app=app, event_key="", body=b"{}", now=timezone.now())
        transaction.set_rollback(True)
    assert not ProviderEvent.objects.exists()
