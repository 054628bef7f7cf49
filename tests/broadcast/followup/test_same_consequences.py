"""Every row of every provider's error table: an answer and a receipt have the same consequences."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.claiming import claim
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Batch, Broadcast
from channels.models import Sender
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.error_rules import ErrorRule, receipt_of
from contacts.models import Suppression
from tenants.models import Tenant
from tests.broadcast.batches import answer_batch
from tests.broadcast.books import statuses
from tests.channels.providers.rules import all_rules
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

# Pauses follow the commit, so these tests need real commits.
pytestmark = pytest.mark.django_db(transaction=True)
TOLD = (OutcomeKind.PERMANENT, OutcomeKind.LIMITED)
RULES = {
    (rule.code, rule.cause.value, rule.kind.value, rule.limit_scope.value): rule
    for rule in all_rules()
    if rule.kind in TOLD
}
ACCEPTED = Outcome(OutcomeKind.ACCEPTED, provider_message_id="1")

Started = Callable[[], tuple[Broadcast, Batch]]


@pytest.fixture
def started(
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    draft: MakeBroadcast,
    bot: Sender,
    now: datetime,
) -> Started:
    """`started()`: a broadcast of two messages, and a batch that holds the first."""
    Sender.objects.update(batch_size=1)
    bot.refresh_from_db()

    def make() -> tuple[Broadcast, Batch]:
        broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(2)).pk, now=now)
        Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING", started_at=now)
        claimed = claim(broadcast=broadcast, lane=broadcast.lanes.get(), sender=bot, now=now)
        assert claimed is not None
        return broadcast, Batch.objects.select_related("broadcast__sender").get(pk=claimed.batch_id)

    return make


def consequences(broadcast: Broadcast) -> dict[str, object]:
    """What has become of the broadcast, its sender and the recipient; then undoes it."""
    row = Broadcast.objects.select_related("sender").get(pk=broadcast.pk)
    assert row.sender is not None
    held_until = row.sender.held_until
    found = {
        "paused": row.pause_reason,
        "broken": row.sender.broken_reason,
        "held": held_until is not None and held_until > timezone.now() - timedelta(seconds=5),
        "suppressed": Suppression.objects.count(),
    }
    Sender.objects.update(broken_at=None, broken_reason="", held_until=None)
    Suppression.objects.all().delete()
    Broadcast.objects.filter(pk=broadcast.pk).update(paused_at=timezone.now())
    return found


@pytest.mark.parametrize("rule", RULES.values(), ids=["-".join(key) for key in RULES])
def test_an_answer_and_a_receipt_have_the_same_consequences(
    started: Started, now: datetime, rule: ErrorRule
) -> None:
    outcome = rule.outcome(provider_code="1")
    by_answer, batch = started()
    answer_batch(batch, [outcome], now=now)
    after_answer = consequences(by_answer)
    by_receipt, batch = started()
    answer_batch(batch, [ACCEPTED], now=now)
    receipt = receipt_of(
        outcome, at=timezone.now(), provider_message_id="1", message_id=batch.message_ids[0]
    )
    apply_receipts(tenant_id=by_receipt.tenant_id, receipts=[receipt], now=timezone.now())
    assert consequences(by_receipt) == after_answer
    waits = rule.cause is FailureCause.CONFIG or rule.kind is OutcomeKind.LIMITED
    assert statuses(by_answer) == ["PENDING" if waits else "FAILED", "PENDING"]
    assert statuses(by_receipt) == ["FAILED", "PENDING"]
    assert (after_answer["broken"] != "") is (breaks(rule))
    assert (after_answer["paused"] != "") is (rule.cause is FailureCause.CONFIG)
    assert after_answer["suppressed"] == int(rule.cause is FailureCause.OPT_OUT)


def breaks(rule: ErrorRule) -> bool:
    is_config = rule.cause is FailureCause.CONFIG
    return is_config and not rule.code.startswith(("template_", "flow_"))
