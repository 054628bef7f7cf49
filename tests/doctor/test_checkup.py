"""The doctor finds each kind of breach, repairs the safe ones, and sets its exit code."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.engine.batch import run_batch
from broadcast.models import (
    Batch,
    Broadcast,
    BroadcastCounters,
    Lane,
    ProviderMessageId,
)
from channels.models import Sender
from contacts.models import Contact
from doctor.checkup import all_checks, check_up, find_breaches
from doctor.models import Checkup
from inbound.models import ProviderEvent
from tenants.models import Tenant
from tests.factories import BroadcastMessageFactory, ProviderAppFactory, TenantFactory
from wallet.models import Hold, Wallet

People = Callable[..., list[Contact]]
MakeBroadcast = Callable[..., Broadcast]

# The doctor reads one snapshot, so it cannot run within a test's own transaction.
pytestmark = pytest.mark.django_db(transaction=True)
ACCEPTS_THEN_5XX = 9010


@pytest.fixture
def going(
    rich: Wallet, tenant: Tenant, people: People, draft: MakeBroadcast, now: datetime
) -> Broadcast:
    """A broadcast with one message SENT, one UNKNOWN, two PENDING."""
    Sender.objects.update(batch_size=2)
    contacts = [*people(1), *people(1, ending=ACCEPTS_THEN_5XX), *people(2)]
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(contacts).pk, now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    return Broadcast.objects.get(pk=broadcast.pk)


def breached_checks(**options: object) -> set[str]:
    return {
        breach.check
        for breach in find_breaches(now=timezone.now(), grace=timedelta(0), **options)  # type: ignore[arg-type]  # as given
    }


def examine(*arguments: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except SystemExit as exit_request:
        return out.getvalue(), int(str(exit_request.code))
    return out.getvalue(), 0


def test_a_sound_system_has_no_breach(going: Broadcast) -> None:
    assert breached_checks() == set()
    output, code = examine()
    assert (code, output.startswith("0 breaches in")) == (0, True)


def test_every_app_with_an_audit_is_asked() -> None:
    names = [check.name for check in all_checks()]
    assert len(names) == len(set(names))
    assert {"counters_differ", "wallet_differs_from_entries", "event_not_applied"} <= set(names)
    assert "clicks_differ" in names


def broken_counters(broadcast: Broadcast) -> None:
    BroadcastCounters.objects.filter(broadcast=broadcast).update(sent=7, cost=Decimal(9))


def no_lane(broadcast: Broadcast) -> None:
    Lane.objects.filter(broadcast=broadcast).update(next_batch_at=None)


def lost_batch(broadcast: Broadcast) -> None:
    broadcast.messages.filter(status="PENDING").update(status="SENDING")
    BroadcastCounters.objects.filter(broadcast=broadcast).update(pending=0, sending=2)


def open_batch(broadcast: Broadcast) -> None:
    Batch.objects.filter(broadcast=broadcast).update(
        settled_at=None, lease_expires_at=timezone.now() - timedelta(hours=1)
    )


def unsent(broadcast: Broadcast) -> None:
    Broadcast.objects.filter(pk=broadcast.pk).update(status="PARTIALLY_SENT")


def uncharged(broadcast: Broadcast) -> None:
    broadcast.messages.filter(status="SENT").update(charge_state="RELEASED")
    BroadcastCounters.objects.filter(broadcast=broadcast).update(cost=0)


def unheld(broadcast: Broadcast) -> None:
    broadcast.messages.filter(status="PENDING").update(price=Decimal(1))


def unreleased(broadcast: Broadcast) -> None:
    broadcast.messages.filter(status="UNKNOWN").update(status="FAILED")
    BroadcastCounters.objects.filter(broadcast=broadcast).update(unknown=0, failed=1)


def foreign(broadcast: Broadcast) -> None:
    broadcast.messages.filter(seq=1).update(tenant=TenantFactory.create())


def wrong_balance(broadcast: Broadcast) -> None:
    Wallet.objects.filter(tenant=broadcast.tenant).update(balance=Decimal(5000))


def wrong_hold(broadcast: Broadcast) -> None:
    Hold.objects.filter(reference=broadcast.subject).update(released=Decimal("0.01"))


def unfinished(broadcast: Broadcast) -> None:
    broadcast.messages.filter(status="PENDING").update(status="SUPPRESSED", charge_state="HELD")
    BroadcastCounters.objects.filter(broadcast=broadcast).update(pending=0, suppressed=2)


def clicks(broadcast: Broadcast) -> None:
    BroadcastCounters.objects.filter(broadcast=broadcast).update(clicks=1)


def followed(broadcast: Broadcast) -> None:
    row = broadcast.messages.get(seq=1)
    for _ in range(2):
        BroadcastMessageFactory.create(tenant=broadcast.tenant, parent_message_id=row.pk)


def nameless(broadcast: Broadcast) -> None:
    ProviderMessageId.objects.filter(broadcast=broadcast).delete()


def event(broadcast: Broadcast) -> None:
    app = ProviderAppFactory.create(tenant=broadcast.tenant)
    long_ago = timezone.now() - timedelta(hours=1)
    ProviderEvent.objects.create(app=app, body=b"{}", received_at=long_ago)


@pytest.mark.parametrize(
    ("break_it", "check"),
    [
        (broken_counters, "counters_differ"),
        (no_lane, "no_lane"),
        (lost_batch, "sending_without_a_batch"),
        (open_batch, "batch_not_swept"),
        (nameless, "provider_id_not_found"),
        (unsent, "unsent_after_the_end"),
        (uncharged, "captured_differs_from_rows"),
        (unreleased, "charge_differs_from_status"),
        (unheld, "held_differs_from_rows"),
        (foreign, "foreign_rows"),
        (wrong_balance, "wallet_differs_from_entries"),
        (wrong_hold, "hold_differs_from_entries"),
        (wrong_hold, "wallet_differs_from_holds"),
        (unfinished, "not_finished"),
        (clicks, "clicks_differ"),
        (followed, "followed_twice"),
        (event, "event_not_applied"),
    ],
)
def test_each_breach_is_found(
    going: Broadcast, break_it: Callable[[Broadcast], None], check: str
) -> None:
    break_it(going)
    assert check in breached_checks()


def test_an_overdrawn_wallet_cannot_even_be_written(going: Broadcast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE conname LIKE 'wallet_within%'")
        assert cursor.fetchone() == ("wallet_within_credit_line",)


def test_a_breach_is_printed_stored_and_told_by_the_exit_code(going: Broadcast) -> None:
    broken_counters(going)
    output, code = examine()
    assert code == 1
    assert f"broadcast:{going.pk}" in output
    assert "sent 7, rows 1" in output
    checkup = Checkup.objects.get()
    assert (checkup.breach_count, checkup.breaches[0]["check"]) == (1, "counters_differ")


@pytest.mark.parametrize("break_it", [broken_counters, no_lane, nameless])
def test_safe_breaches_are_repaired(
    going: Broadcast, tenant: Tenant, break_it: Callable[[Broadcast], None]
) -> None:
    break_it(going)
    output, code = examine("--repair")
    assert (code, "Tried to repair 1." in output) == (0, True)
    run_batch(lane_id=going.lanes.get().pk, clock=lambda: timezone.now() + timedelta(seconds=1))
    assert sorted(going.messages.values_list("status", flat=True)) == ["SENT"] * 3 + ["UNKNOWN"]


def test_a_broadcast_that_was_never_finished_is_finished(
    going: Broadcast, settings: Settings
) -> None:
    settings.BROADCAST_UNKNOWN_GRACE = 0
    broken = Broadcast.objects.filter(pk=going.pk)
    run_batch(lane_id=going.lanes.get().pk, clock=timezone.now)
    assert broken.get().status == "PARTIALLY_SENT"
    going.messages.filter(status="UNKNOWN").update(
        status="SENT", charge_state="RELEASED", sent_at=timezone.now()
    )
    long_ago = timezone.now() - timedelta(hours=1)
    going.messages.update(status_at=long_ago)
    BroadcastCounters.objects.filter(broadcast=going).update(unknown=0, sent=4, handed_over=4)
    assert "finished_status_differs" in breached_checks()
    examine("--repair")
    assert broken.get().status == "SENT"


def test_money_is_never_repaired(going: Broadcast) -> None:
    wrong_balance(going)
    assert examine("--repair")[1] == 1
    assert Wallet.objects.get(tenant=going.tenant).balance == 5000


def test_broadcasts_that_ended_long_ago_can_be_left_out(going: Broadcast) -> None:
    broken_counters(going)
    Broadcast.objects.filter(pk=going.pk).update(status="PARTIALLY_SENT")
    Broadcast.objects.filter(pk=going.pk).update(finished_at=timezone.now())
    later = timezone.now() + timedelta(days=1)
    assert "counters_differ" in breached_checks()
    assert "counters_differ" not in breached_checks(since=later)


def test_checkups_are_kept_for_a_month(going: Broadcast, now: datetime) -> None:
    for days in (31, 1, 0):
        check_up(now=now - timedelta(days=days))
    assert [checkup.breach_count for checkup in Checkup.objects.all()] == [0, 0]
