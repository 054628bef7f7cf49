"""A recipient that was proven not reached is tried over the next rung, once, and paid for there."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from api.errors import InvalidInput
from broadcast import lifecycle
from broadcast.errors import ApprovalRequired, IsAFurtherTry
from broadcast.followup.fallback import HAS_MESSAGES_TO_FALL_BACK, fall_back, parameters_of
from broadcast.followup.receipts import apply_receipts
from broadcast.followup.resolving import Decision
from broadcast.models import Broadcast
from broadcast.states import UnknownPolicy
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.batches import run_next_batch_of
from tests.broadcast.followup.ladders import (
    BLOCKED,
    REFUSED,
    RESETS,
    RUNGS,
    SendWithRung,
    children,
    next_rung,
)
from tests.fixtures.types import MakeBroadcast, MakePeople, SendBroadcast
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_those_who_failed_go_on(
    rich: Wallet, people: MakePeople, sent_on: SendWithRung
) -> None:
    parent = sent_on([*people(2), *people(1, ending=REFUSED), *people(1, ending=RESETS)])
    rung = next_rung(parent)
    failed = parent.messages.get(status="FAILED")
    assert (rung.kind, rung.fallback_step, rung.status) == ("FALLBACK", 1, "QUEUED")
    assert [message.parent_message_id for message in rung.messages.all()] == [failed.pk]
    assert rung.text == "Another way"
    assert rung.fallback == []


def test_the_rungs_of_a_deactivated_tenant_wait_for_it(
    rich: Wallet, people: MakePeople, sent_on: SendWithRung
) -> None:
    parent = sent_on(people(1, ending=REFUSED))
    Tenant.objects.update(is_active=False)
    assert fall_back(now=timezone.now()) == 0
    Tenant.objects.update(is_active=True)
    assert next_rung(parent).status == "QUEUED"


def test_an_opt_out_does_not_go_on(rich: Wallet, people: MakePeople, sent_on: SendWithRung) -> None:
    parent = sent_on([*people(1), *people(1, ending=BLOCKED)])
    assert fall_back(now=timezone.now()) == 0
    assert children(parent) == []


def leave_undecided(broadcast: Broadcast) -> None:
    """The policy has decided already."""


def decide_to_fail(broadcast: Broadcast) -> None:
    lifecycle.resolve_unknown(
        tenant=broadcast.tenant,
        broadcast_id=broadcast.pk,
        decision=Decision.FAIL,
        actor=None,
        now=timezone.now(),
    )


@pytest.mark.parametrize(
    ("policy", "decide"),
    [(UnknownPolicy.FAIL, leave_undecided), (UnknownPolicy.HOLD, decide_to_fail)],
)
def test_what_is_only_counted_as_failed_does_not_go_on(
    rich: Wallet,
    people: MakePeople,
    sent_on: SendWithRung,
    policy: UnknownPolicy,
    decide: Callable[[Broadcast], None],
) -> None:
    parent = sent_on([*people(1), *people(1, ending=RESETS)], unknown_policy=policy)
    decide(parent)
    message = parent.messages.get(status="FAILED")
    assert (message.error_code, message.charge_state) == ("given_up", "RELEASED")
    assert fall_back(now=timezone.now()) == 0
    assert children(parent) == []


def test_a_late_failure_goes_on_later_and_nobody_twice(
    rich: Wallet, tenant: Tenant, people: MakePeople, sent_on: SendWithRung
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
        message.parent_message_id for child in children(parent) for message in child.messages.all()
    ]
    assert len(followed) == len(set(followed)) == 2
    assert late.pk in followed


def test_a_rung_has_its_own_hold_and_charge(one_failed: Broadcast, rich: Wallet) -> None:
    rung = next_rung(one_failed)
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (Decimal("999.98"), Decimal("0.02"))
    run_next_batch_of(rung)
    rich.refresh_from_db()
    assert rich.held == 0


def test_a_rung_that_cannot_start_stays_a_draft_with_its_reason(
    rich: Wallet, people: MakePeople, sent: SendBroadcast
) -> None:
    parent = sent([*people(1), *people(1, ending=REFUSED)], fallback=[{"platform": "SMS"}])
    rung = next_rung(parent)
    assert rung.status == "DRAFT"
    assert rung.status_reason.startswith("There is no sender for SMS")
    assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 0


def test_a_cancelled_broadcast_does_not_fall_back(
    rich: Wallet, bot: Sender, sandbox: RunningSandbox, people: MakePeople, draft: MakeBroadcast
) -> None:
    broadcast = draft(people(1), fallback=RUNGS)
    Broadcast.objects.filter(pk=broadcast.pk).update(status="CANCELLED", finished_at=timezone.now())
    broadcast.messages.update(status="FAILED")
    assert fall_back(now=timezone.now()) == 0


def test_a_cancelled_rung_is_not_deleted_and_so_not_sent_anew(
    one_failed: Broadcast, tenant: Tenant
) -> None:
    rung = next_rung(one_failed)
    lifecycle.cancel(tenant=tenant, broadcast_id=rung.pk, now=timezone.now())
    with pytest.raises(IsAFurtherTry):
        lifecycle.delete(tenant=tenant, broadcast_id=rung.pk, now=timezone.now())
    assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 0


@pytest.mark.parametrize("wrong", [{"recipients": []}, {"fields": {"audience": {"all": True}}}])
def test_a_rung_keeps_its_recipients(
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    sent: SendBroadcast,
    wrong: dict[str, Any],
) -> None:
    parent = sent([*people(1), *people(1, ending=REFUSED)], fallback=[{"platform": "SMS"}])
    rung = next_rung(parent)
    change: dict[str, Any] = {"fields": {}, "recipients": None, **wrong}
    with pytest.raises(InvalidInput):
        lifecycle.edit(tenant=tenant, broadcast_id=rung.pk, now=timezone.now(), **change)
    assert rung.messages.get().parent_message_id is not None


def test_a_rewritten_rung_needs_a_second_person_above_the_threshold(
    rich: Wallet, tenant: Tenant, people: MakePeople, sent: SendBroadcast
) -> None:
    parent = sent([*people(1), *people(2, ending=REFUSED)], fallback=[{"platform": "SMS"}])
    rung = next_rung(parent)
    tenant.approval_recipients = 1
    tenant.save()
    fields = {"platform": "TELEGRAM", "text": "Something else"}
    lifecycle.edit(
        tenant=tenant, broadcast_id=rung.pk, fields=fields, recipients=None, now=timezone.now()
    )
    with pytest.raises(ApprovalRequired):
        lifecycle.send(tenant=tenant, broadcast_id=rung.pk, now=timezone.now())


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


def rows_read_in_vain(plan: dict[str, Any]) -> int:
    """Rows that a step of the plan, or a step below it, read and then filtered out."""
    filtered = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Join Filter", 0)
    below = sum(map(rows_read_in_vain, plan.get("Plans", ())))
    return int(filtered * plan["Actual Loops"]) + below


def test_whether_anybody_goes_on_is_found_in_an_index_for_each(one_failed: Broadcast) -> None:
    """Beat asks every five seconds, also for days after all failed messages have fallen back."""
    followed = next_rung(one_failed).messages.get()
    parameters = parameters_of(one_failed, now=timezone.now())
    with connection.cursor() as cursor:
        for first, message in ((0, followed.parent_message_id), (10**6, followed.pk)):
            cursor.execute(COPIES, {"many": MANY, "message": message, "first": first})
        cursor.execute("ANALYZE broadcast_broadcastmessage")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {HAS_MESSAGES_TO_FALL_BACK}", parameters)
        (((plan, *_),),) = cursor.fetchall()
    assert rows_read_in_vain(plan["Plan"]) < 20 * MANY
