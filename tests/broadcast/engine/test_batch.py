"""A batch from its plan to its end: claim, fence, send, settle, sweep, finish; with a sandbox."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.batch import run_batch, sweep_batches
from broadcast.engine.claiming import shut_fence
from broadcast.models import Broadcast, BroadcastMessage
from channels.models import Sender
from channels.port.outcomes import Outcome, OutcomeKind
from contacts.models import Contact, Suppression
from sandbox.behaviour.magic import ENDINGS, Behaviour
from tenants.models import Tenant
from tests.broadcast.batches import answer_batch
from tests.broadcast.books import assert_books_balance, claimed_batch, statuses
from tests.broadcast.statements import statements_of
from tests.fixtures.sending import PLENTY, PRICE
from tests.fixtures.types import MakeBroadcast, MakePeople, SendBroadcast
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
MAX_STATEMENTS = 12


def test_a_batch_is_sent_captured_and_finished(
    rich: Wallet, people: MakePeople, sent: SendBroadcast
) -> None:
    broadcast = sent(people(3))
    assert statuses(broadcast) == ["SENT"] * 3
    assert broadcast.status == "SENT"
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (PLENTY - 3 * PRICE, Decimal(0))
    assert_books_balance(broadcast)


def test_a_refusal_is_failed_and_released(
    rich: Wallet, people: MakePeople, sent: SendBroadcast
) -> None:
    ending = next(int(key) for key, value in ENDINGS.items() if value == Behaviour.REFUSED)
    broadcast = sent([*people(1), *people(1, ending=ending)])
    assert statuses(broadcast) == ["SENT", "FAILED"]
    assert broadcast.status == "PARTIALLY_SENT"
    assert_books_balance(broadcast)


def test_statements_per_batch_do_not_depend_on_its_size(
    rich: Wallet, people: MakePeople, draft: MakeBroadcast, tenant: Tenant, now: datetime
) -> None:
    counts = []
    for size in (5, 50):
        broadcast = draft([*people(size), *people(size)])
        Sender.objects.update(batch_size=size)
        lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
        lane = broadcast.lanes.get()
        Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING")
        counts.append(statements_of(partial(run_batch, lane_id=lane.pk, clock=timezone.now)))
        assert statuses(broadcast).count("SENT") == size
    assert counts[0] == counts[1] <= MAX_STATEMENTS


def test_a_batch_writes_no_index_of_the_messages(
    rich: Wallet, people: MakePeople, draft: MakeBroadcast, tenant: Tenant, now: datetime
) -> None:
    broadcast = draft(people(5))
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    before = updates_of_messages()
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    assert statuses(broadcast) == ["SENT"] * 5
    updated, heap_only = (
        now - then for now, then in zip(updates_of_messages(), before, strict=True)
    )
    assert (updated, heap_only) == (10, 10)


def updates_of_messages() -> tuple[int, int]:
    """(rows updated in this transaction, how many of these updates wrote no index)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = %s",
            [BroadcastMessage._meta.db_table],
        )
        updated, heap_only = cursor.fetchone()
    return updated, heap_only


def test_planning_suppresses_with_the_reason_and_holds_nothing_for_it(
    rich: Wallet, tenant: Tenant, people: MakePeople, sent: SendBroadcast
) -> None:
    reachable, opted_out, duplicate, nameless = people(4)
    Suppression.objects.create(
        tenant=tenant, address=str(opted_out.telegram_chat_id), scope="MARKETING", source="USER"
    )
    Contact.objects.filter(pk=duplicate.pk).update(telegram_chat_id=reachable.telegram_chat_id)
    Contact.objects.filter(pk=nameless.pk).update(first_name=" ")
    no_chat = Contact.objects.create(tenant=tenant)
    broadcast = sent(
        [reachable, opted_out, duplicate, nameless, no_chat], text="Dear {{first_name}}"
    )
    rows = broadcast.messages.order_by("seq").values_list("status", "error_code", "price")
    assert list(rows) == [
        ("SENT", "", PRICE),
        ("SUPPRESSED", "opted_out", 0),
        ("SUPPRESSED", "duplicate", 0),
        ("SUPPRESSED", "missing_variable", 0),
        ("SUPPRESSED", "no_address", 0),
    ]
    assert broadcast.status == "SENT"
    assert_books_balance(broadcast)


def test_two_who_share_an_address_that_opted_out_are_both_suppressed(
    rich: Wallet, tenant: Tenant, people: MakePeople, sent: SendBroadcast
) -> None:
    first, second, third = people(3)
    Contact.objects.filter(pk=second.pk).update(telegram_chat_id=first.telegram_chat_id)
    Suppression.objects.create(tenant=tenant, address=str(first.telegram_chat_id), source="USER")
    broadcast = sent([first, second, third])
    rows = broadcast.messages.order_by("seq").values_list("status", "error_code", "address")
    assert list(rows) == [
        ("SUPPRESSED", "opted_out", str(first.telegram_chat_id)),
        ("SUPPRESSED", "duplicate", None),
        ("SENT", "", str(third.telegram_chat_id)),
    ]
    assert_books_balance(broadcast)


def test_one_who_opts_out_after_planning_is_released_when_claimed(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    stays, leaves = people(2)
    broadcast = draft([stays, leaves])
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    Suppression.objects.create(
        tenant=tenant, address=str(leaves.telegram_chat_id), platform="TELEGRAM", source="USER"
    )
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    assert statuses(broadcast) == ["SENT", "SUPPRESSED"]
    assert_books_balance(broadcast)


def test_a_batch_that_was_never_handed_over_goes_back(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
) -> None:
    broadcast = draft(people(2))
    batch = claimed_batch(tenant, broadcast, bot, now)
    assert sweep_batches(now=now) == 0
    assert sweep_batches(now=now + timedelta(hours=1)) == 1
    assert statuses(broadcast) == ["PENDING", "PENDING"]
    assert shut_fence(batch_id=batch.pk) is None
    assert set(broadcast.messages.values_list("attempts", flat=True)) == {0}
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: timezone.now() + timedelta(hours=1))
    assert statuses(broadcast) == ["SENT", "SENT"]
    assert_books_balance(broadcast)


def test_a_batch_that_was_handed_over_becomes_unknown_and_its_late_answer_still_counts(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
) -> None:
    broadcast = draft(people(2))
    batch = claimed_batch(tenant, broadcast, bot, now)
    assert shut_fence(batch_id=batch.pk)
    sweep_batches(now=now + timedelta(hours=1))
    assert statuses(broadcast) == ["UNKNOWN", "UNKNOWN"]
    assert_books_balance(broadcast)
    late = Outcome(kind=OutcomeKind.ACCEPTED, provider_message_id="1:2")
    for _ in range(2):
        answer_batch(batch, [late], now=now)
    assert statuses(broadcast) == ["SENT", "UNKNOWN"]
    assert_books_balance(broadcast)


@pytest.mark.parametrize(
    ("kind", "status", "attempts"), [("passing", "PENDING", 1), ("limited", "PENDING", 0)]
)
def test_a_limit_spends_no_attempt(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
    kind: str,
    status: str,
    attempts: int,
) -> None:
    broadcast = draft(people(1))
    batch = claimed_batch(tenant, broadcast, bot, now)
    outcome = Outcome(kind=OutcomeKind(kind), retry_after=7.0)
    answer_batch(batch, [outcome], now=now)
    message = BroadcastMessage.objects.get(broadcast=broadcast)
    assert (message.status, message.attempts) == (status, attempts)
    assert message.next_attempt_at is not None
    assert message.next_attempt_at >= now + timedelta(seconds=7)
    assert_books_balance(broadcast)


def test_an_answer_that_postgresql_cannot_hold_settles_all_the_same(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
) -> None:
    broadcast = draft(people(2))
    batch = claimed_batch(tenant, broadcast, bot, now)
    raw, stored = "\x00\ud800\U0001f600 'a\\", "?\U0001f600 'a\\"
    accepted = Outcome(OutcomeKind.ACCEPTED, provider_message_id=raw)
    refused = Outcome(OutcomeKind.PERMANENT, code="refused", provider_code=raw, message=raw)
    answer_batch(batch, [accepted, refused], now=now)
    sent, failed = broadcast.messages.order_by("seq")
    assert (sent.status, sent.provider_message_id) == ("SENT", stored)
    assert (failed.status, failed.error_message) == ("FAILED", stored)
    assert (failed.error_code, failed.provider_error_code) == ("refused", stored)


def test_cancel_releases_what_was_not_handed_over(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    broadcast = draft([*people(2)])
    Sender.objects.update(batch_size=1)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    lifecycle.cancel(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    assert statuses(broadcast) == ["SENT", "CANCELLED"]
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    assert statuses(broadcast) == ["SENT", "CANCELLED"]
    assert_books_balance(broadcast)


def test_unschedule_edit_schedule_send_holds_once(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    broadcast = draft(people(2))
    at = now + timedelta(hours=1)
    lifecycle.schedule(tenant=tenant, broadcast_id=broadcast.pk, at=at, now=now)
    rich.refresh_from_db()
    assert rich.held == 2 * PRICE
    lifecycle.unschedule(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    rich.refresh_from_db()
    assert rich.held == 0
    lifecycle.schedule(tenant=tenant, broadcast_id=broadcast.pk, at=at, now=now)
    lifecycle.edit(
        tenant=tenant, broadcast_id=broadcast.pk, fields={"text": "New"}, recipients=None, now=now
    )
    rich.refresh_from_db()
    assert rich.held == 2 * PRICE
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    assert_books_balance(broadcast)
    rich.refresh_from_db()
    assert rich.balance == PLENTY - 2 * PRICE


def test_an_audience_is_planned_set_based_and_sent(
    rich: Wallet, tenant: Tenant, bot: Sender, people: MakePeople, now: datetime
) -> None:
    people(3)
    broadcast = lifecycle.create(
        tenant=tenant,
        actor=None,
        fields={
            "name": "All",
            "platform": "TELEGRAM",
            "text": "Hi {{first_name|there}}",
            "audience": {"all": True},
        },
        recipients=None,
        now=now,
    )
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    assert broadcast.planning_at is not None
    for _ in range(2):
        lifecycle.finish_planning(broadcast_id=broadcast.pk, now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    assert statuses(broadcast) == ["SENT"] * 3
    assert_books_balance(broadcast)
