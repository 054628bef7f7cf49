"""Who was proven not reached is written to over the next rung, once, and paid for there."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from api.errors import InvalidInput
from broadcast import lifecycle
from broadcast.engine.batch import run_batch
from broadcast.errors import ApprovalRequired, IsAFurtherTry, NothingToRetry
from broadcast.followup.fallback import HAS_MESSAGES_TO_FALL_BACK, fall_back, parameters_of
from broadcast.followup.receipts import apply_receipts
from broadcast.followup.resolving import Decision
from broadcast.models import Broadcast
from broadcast.states import UnknownPolicy
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from contacts.models import Contact
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.sandbox.client import Client
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = 9003
BLOCKED = 9004
RESETS = 9012
TWO_RUNGS = [{"platform": "TELEGRAM", "text": "One"}, {"platform": "TELEGRAM", "text": "Two"}]
RUNGS = [{"platform": "TELEGRAM", "text": "Another way"}]


@pytest.fixture
def sent_on(sent: Callable[..., Broadcast], settings: Settings) -> Callable[..., Broadcast]:
    settings.BROADCAST_UNKNOWN_GRACE = 0

    def make(people: list[Contact], **fields: Any) -> Broadcast:
        broadcast = sent(people, fallback=RUNGS, **fields)
        assert broadcast.finished_at is not None
        return broadcast

    return make


def children(parent: Broadcast) -> list[Broadcast]:
    return list(parent.children.select_related("counters").order_by("id"))


def test_only_those_who_failed_go_on(
    rich: Wallet, people: Callable[..., list[Contact]], sent_on: Callable[..., Broadcast]
) -> None:
    parent = sent_on([*people(2), *people(1, ending=REFUSED), *people(1, ending=RESETS)])
    assert fall_back(now=timezone.now()) == 1
    (child,) = children(parent)
    failed = parent.messages.get(status="FAILED")
    assert (child.kind, child.fallback_step, child.status) == ("FALLBACK", 1, "QUEUED")
    assert [each.parent_message_id for each in child.messages.all()] == [failed.pk]
    assert child.text == "Another way"
    assert child.fallback == []


def test_the_rungs_of_a_deactivated_tenant_wait_for_it(
    rich: Wallet, people: Callable[..., list[Contact]], sent_on: Callable[..., Broadcast]
) -> None:
    parent = sent_on(people(1, ending=REFUSED))
    Tenant.objects.update(is_active=False)
    assert fall_back(now=timezone.now()) == 0
    Tenant.objects.update(is_active=True)
    assert fall_back(now=timezone.now()) == 1
    assert [each.status for each in children(parent)] == ["QUEUED"]


def test_an_opt_out_does_not_go_on(
    rich: Wallet, people: Callable[..., list[Contact]], sent_on: Callable[..., Broadcast]
) -> None:
    parent = sent_on([*people(1), *people(1, ending=BLOCKED)])
    assert fall_back(now=timezone.now()) == 0
    assert children(parent) == []


@pytest.mark.parametrize("decided", ["beforehand", "afterwards"])
def test_what_is_only_counted_as_failed_does_not_go_on(
    rich: Wallet,
    tenant: Tenant,
    people: Callable[..., list[Contact]],
    sent_on: Callable[..., Broadcast],
    decided: str,
) -> None:
    policy = UnknownPolicy.FAIL if decided == "beforehand" else UnknownPolicy.HOLD
    parent = sent_on([*people(1), *people(1, ending=RESETS)], unknown_policy=policy)
    if decided == "afterwards":
        lifecycle.resolve_unknown(
            tenant=tenant,
            broadcast_id=parent.pk,
            decision=Decision.FAIL,
            actor=None,
            now=timezone.now(),
        )
    row = parent.messages.get(status="FAILED")
    assert (row.error_code, row.charge_state) == ("given_up", "RELEASED")
    assert fall_back(now=timezone.now()) == 0
    assert children(parent) == []


def test_a_late_failure_goes_on_later_and_nobody_twice(
    rich: Wallet,
    tenant: Tenant,
    people: Callable[..., list[Contact]],
    sent_on: Callable[..., Broadcast],
) -> None:
    parent = sent_on([*people(2), *people(1, ending=REFUSED)])
    now = timezone.now()
    assert fall_back(now=now) == 1
    late = parent.messages.filter(status="SENT").first()
    assert late is not None
    failure = Receipt(ReceiptStatus.FAILED, now, "", message_id=late.pk, code="expired")
    apply_receipts(tenant_id=tenant.pk, receipts=[failure], now=now)
    assert fall_back(now=now) == 0, "late failures gather"
    for _ in range(2):
        fall_back(now=now + timedelta(minutes=10))
    followed = [
        each.parent_message_id for child in children(parent) for each in child.messages.all()
    ]
    assert len(followed) == len(set(followed)) == 2
    assert late.pk in followed


def test_a_rung_has_its_own_hold_and_charge(
    rich: Wallet, people: Callable[..., list[Contact]], sent_on: Callable[..., Broadcast]
) -> None:
    parent = sent_on([*people(1), *people(1, ending=REFUSED)])
    assert fall_back(now=timezone.now()) == 1
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (Decimal("999.98"), Decimal("0.02"))
    (child,) = children(parent)
    run_batch(lane_id=child.lanes.get().pk, clock=timezone.now)
    rich.refresh_from_db()
    assert rich.held == 0


def test_a_rung_that_cannot_start_stays_a_draft_with_its_reason(
    rich: Wallet,
    now: datetime,
    people: Callable[..., list[Contact]],
    sent: Callable[..., Broadcast],
) -> None:
    parent = sent([*people(1), *people(1, ending=REFUSED)], fallback=[{"platform": "SMS"}])
    assert fall_back(now=timezone.now()) == 1
    (child,) = children(parent)
    assert child.status == "DRAFT"
    assert child.status_reason.startswith("There is no sender for SMS")
    assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 0


def test_a_cancelled_broadcast_does_not_fall_back(
    rich: Wallet,
    bot: Sender,
    sandbox: RunningSandbox,
    people: Callable[..., list[Contact]],
    draft: Callable[..., Broadcast],
) -> None:
    broadcast = draft(people(1), fallback=RUNGS)
    Broadcast.objects.filter(pk=broadcast.pk).update(status="CANCELLED", finished_at=timezone.now())
    broadcast.messages.update(status="FAILED")
    assert fall_back(now=timezone.now()) == 0


def test_a_retry_and_the_next_rung_do_not_both_go_to_one_recipient(
    rich: Wallet,
    tenant: Tenant,
    people: Callable[..., list[Contact]],
    sent: Callable[..., Broadcast],
) -> None:
    parent = sent(people(2, ending=REFUSED), fallback=TWO_RUNGS)
    assert fall_back(now=timezone.now()) == 1
    (first,) = children(parent)
    run_batch(lane_id=first.lanes.get().pk, clock=timezone.now)
    first.refresh_from_db()
    assert first.status == "FAILED"
    retry = lifecycle.retry_failed(
        tenant=tenant,
        broadcast_id=parent.pk,
        actor=None,
        now=timezone.now(),
        include_unreachable=True,
    ).child
    assert retry.counters.pending == 2
    later = timezone.now() + timedelta(minutes=10)
    assert fall_back(now=later) == 0
    run_batch(lane_id=retry.lanes.get().pk, clock=timezone.now)
    assert fall_back(now=later) == 1, "once the retry has failed too, the ladder goes on"
    assert [each.kind for each in children(first)] == ["FALLBACK"]


def test_a_cancelled_rung_is_not_deleted_and_so_not_sent_anew(
    rich: Wallet,
    tenant: Tenant,
    people: Callable[..., list[Contact]],
    sent_on: Callable[..., Broadcast],
) -> None:
    parent = sent_on([*people(1), *people(1, ending=REFUSED)])
    assert fall_back(now=timezone.now()) == 1
    (child,) = children(parent)
    lifecycle.cancel(tenant=tenant, broadcast_id=child.pk, now=timezone.now())
    with pytest.raises(IsAFurtherTry):
        lifecycle.delete(tenant=tenant, broadcast_id=child.pk, now=timezone.now())
    assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 0


@pytest.mark.parametrize("wrong", [{"recipients": []}, {"fields": {"audience": {"all": True}}}])
def test_a_rung_keeps_its_recipients(
    rich: Wallet,
    tenant: Tenant,
    people: Callable[..., list[Contact]],
    sent: Callable[..., Broadcast],
    wrong: dict[str, Any],
) -> None:
    parent = sent([*people(1), *people(1, ending=REFUSED)], fallback=[{"platform": "SMS"}])
    fall_back(now=timezone.now())
    (child,) = children(parent)
    change: dict[str, Any] = {"fields": {}, "recipients": None, **wrong}
    with pytest.raises(InvalidInput):
        lifecycle.edit(tenant=tenant, broadcast_id=child.pk, now=timezone.now(), **change)
    assert child.messages.get().parent_message_id is not None


def test_a_rewritten_rung_needs_a_second_person_above_the_threshold(
    rich: Wallet,
    tenant: Tenant,
    people: Callable[..., list[Contact]],
    sent: Callable[..., Broadcast],
) -> None:
    parent = sent([*people(1), *people(2, ending=REFUSED)], fallback=[{"platform": "SMS"}])
    fall_back(now=timezone.now())
    (child,) = children(parent)
    tenant.approval_recipients = 1
    tenant.save()
    fields = {"platform": "TELEGRAM", "text": "Something else"}
    lifecycle.edit(
        tenant=tenant, broadcast_id=child.pk, fields=fields, recipients=None, now=timezone.now()
    )
    with pytest.raises(ApprovalRequired):
        lifecycle.send(tenant=tenant, broadcast_id=child.pk, now=timezone.now())


def test_a_retry_that_fails_goes_down_the_ladder_too(
    rich: Wallet,
    tenant: Tenant,
    people: Callable[..., list[Contact]],
    sent_on: Callable[..., Broadcast],
) -> None:
    """Also when it comes before the first rung, and long after the broadcast has finished."""
    parent = sent_on([*people(1), *people(1, ending=REFUSED)])
    Broadcast.objects.filter(pk=parent.pk).update(finished_at=timezone.now() - timedelta(days=4))
    retry = lifecycle.retry_failed(
        tenant=tenant,
        broadcast_id=parent.pk,
        actor=None,
        now=timezone.now(),
        include_unreachable=True,
    ).child
    later = timezone.now() + timedelta(minutes=10)
    assert fall_back(now=later) == 0, "the retry may still reach them"
    run_batch(lane_id=retry.lanes.get().pk, clock=timezone.now)
    assert fall_back(now=later) == 1
    rung = Broadcast.objects.get(kind="FALLBACK")
    assert (rung.parent_id, rung.fallback_step, rung.text) == (parent.pk, 1, "Another way")
    failed = parent.messages.get(status="FAILED")
    assert [each.parent_message_id for each in rung.messages.all()] == [failed.pk]
    assert fall_back(now=later + timedelta(minutes=10)) == 0


def retried(parent: Broadcast, sandbox: RunningSandbox, *, behaviour: str) -> Broadcast:
    """A retry of its one failed recipient, to whom the sandbox does this the second time."""
    told = {"provider": "telegram", "to": parent.messages.get(status="FAILED").address}
    Client(sandbox.base_url).control("recipients", {**told, "behaviour": behaviour})
    retry = lifecycle.retry_failed(
        tenant=parent.tenant,
        broadcast_id=parent.pk,
        actor=None,
        now=timezone.now(),
        include_unreachable=True,
    ).child
    run_batch(lane_id=retry.lanes.get().pk, clock=timezone.now)
    Client(sandbox.base_url).control("recipients", {**told, "behaviour": None})
    return retry


def test_no_rung_starts_while_a_retrys_unknown_message_is_sent_again(
    rich: Wallet,
    tenant: Tenant,
    sandbox: RunningSandbox,
    people: Callable[..., list[Contact]],
    sent_on: Callable[..., Broadcast],
) -> None:
    """It is a child of the retry's, not of the broadcast whose ladder it is."""
    parent = sent_on([*people(1), *people(1, ending=REFUSED)])
    retry = retried(parent, sandbox, behaviour="accepts_then_5xx")
    assert retry.messages.get().status == "UNKNOWN"
    again = lifecycle.resolve_unknown(
        tenant=tenant,
        broadcast_id=retry.pk,
        decision=Decision.RESEND,
        actor=None,
        now=timezone.now(),
    ).child
    assert again is not None
    assert again.parent_id == retry.pk
    assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 0


def test_no_rung_starts_for_whom_a_retry_found_opted_out(
    rich: Wallet,
    sandbox: RunningSandbox,
    people: Callable[..., list[Contact]],
    sent_on: Callable[..., Broadcast],
) -> None:
    parent = sent_on([*people(1), *people(1, ending=REFUSED)])
    retry = retried(parent, sandbox, behaviour="blocked")
    assert retry.messages.get().error_code == "opted_out"
    assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 0


def test_no_rung_starts_for_whom_an_earlier_try_has_reached_after_all(
    rich: Wallet,
    tenant: Tenant,
    people: Callable[..., list[Contact]],
    sent: Callable[..., Broadcast],
    settings: Settings,
) -> None:
    settings.BROADCAST_UNKNOWN_GRACE = 0
    parent = sent([*people(1), *people(1, ending=REFUSED)], fallback=TWO_RUNGS)
    assert fall_back(now=timezone.now()) == 1
    (first,) = children(parent)
    run_batch(lane_id=first.lanes.get().pk, clock=timezone.now)
    failed = parent.messages.get(status="FAILED")
    now = timezone.now()
    read = Receipt(ReceiptStatus.READ, now, "", message_id=failed.pk)
    apply_receipts(tenant_id=tenant.pk, receipts=[read], now=now)
    assert fall_back(now=now + timedelta(minutes=10)) == 0


def test_a_rungs_failed_are_not_retried_where_a_retry_of_the_broadcast_has_reached_them(
    rich: Wallet,
    tenant: Tenant,
    sandbox: RunningSandbox,
    people: Callable[..., list[Contact]],
    sent_on: Callable[..., Broadcast],
) -> None:
    parent = sent_on([*people(1), *people(1, ending=REFUSED)])
    assert fall_back(now=timezone.now()) == 1
    (rung,) = children(parent)
    run_batch(lane_id=rung.lanes.get().pk, clock=timezone.now)
    assert rung.messages.get().status == "FAILED"
    assert retried(parent, sandbox, behaviour="delivers").messages.get().status == "SENT"
    with pytest.raises(NothingToRetry):
        lifecycle.retry_failed(
            tenant=tenant,
            broadcast_id=rung.pk,
            actor=None,
            now=timezone.now(),
            include_unreachable=True,
        )


MANY = 1000
COPIES = """
INSERT INTO broadcast_broadcastmessage (
    id, tenant_id, broadcast_id, seq, contact_id, overrides, variables, token, status, error_code,
    attempts, created_at, status_at, parent_message_id)
SELECT lpad(to_hex(%(first)s + n), 32, '0')::uuid, m.tenant_id, m.broadcast_id, 10 + n,
       lpad(to_hex(n), 32, '0')::uuid, m.overrides, m.variables, %(first)s + n, 'FAILED',
       m.error_code, 1, m.created_at, m.status_at,
       CASE WHEN m.parent_message_id IS NOT NULL THEN lpad(to_hex(n), 32, '0')::uuid END
FROM broadcast_broadcastmessage m, generate_series(1, %(many)s) n WHERE m.id = %(message)s
"""


def rows_in_vain(plan: dict[str, Any]) -> int:
    """Rows that were read and not wanted, by a step and those below it."""
    of_step = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Join Filter", 0)
    return int(of_step * plan["Actual Loops"]) + sum(map(rows_in_vain, plan.get("Plans", ())))


def test_whether_anybody_goes_on_is_found_in_an_index_for_each(
    rich: Wallet, people: Callable[..., list[Contact]], sent_on: Callable[..., Broadcast]
) -> None:
    """Beat asks every five seconds, for days after everybody has gone on."""
    parent = sent_on([*people(1), *people(1, ending=REFUSED)])
    assert fall_back(now=timezone.now()) == 1
    (rung,) = children(parent)
    followed = rung.messages.get()
    asked = parameters_of(parent.pk)
    with connection.cursor() as cursor:
        for first, message in ((0, followed.parent_message_id), (10**6, followed.pk)):
            cursor.execute(COPIES, {"many": MANY, "message": message, "first": first})
        cursor.execute("ANALYZE broadcast_broadcastmessage")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {HAS_MESSAGES_TO_FALL_BACK}", asked)
        (((plan, *_),),) = cursor.fetchall()
    assert rows_in_vain(plan["Plan"]) < 20 * MANY
