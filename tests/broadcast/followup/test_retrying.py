"""A retry of failed messages: a child with its own plan, hold and rows; no contact twice."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.error_codes import CAP_CODE, CAPPED_CODES, is_about_the_recipient
from broadcast.errors import IllegalMove, NothingToRetry, RetryTheParent
from broadcast.followup.children import family_of
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Broadcast, BroadcastMessage
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import FailureCause
from contacts.models import Contact
from doctor.checkup import find_breaches
from tenants.models import Tenant
from tests.broadcast.batches import run_next_batch_of
from tests.broadcast.books import statuses
from tests.channels.providers.rules import all_rules
from tests.fixtures.sending import PRICE
from tests.fixtures.types import MakeBroadcast, MakePeople, SendBroadcast
from wallet.errors import InsufficientCredit
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
REFUSED, BLOCKED = 9003, 9004


@pytest.fixture
def failed(rich: Wallet, people: MakePeople, sent: SendBroadcast) -> Broadcast:
    """One message SENT; two FAILED for their content, one because its recipient blocked the bot."""
    broadcast = sent(
        [*people(1), *people(2, ending=REFUSED), *people(1, ending=BLOCKED)], fallback=[]
    )
    broadcast.messages.filter(seq__in=(2, 3)).update(error_code="content_refused")
    assert statuses(broadcast) == ["SENT", "FAILED", "FAILED", "FAILED"]
    return broadcast


def retry(tenant: Tenant, broadcast: Broadcast, now: datetime, **options: Any) -> Broadcast:
    return lifecycle.retry_failed(
        tenant=tenant, broadcast_id=broadcast.pk, actor=None, now=now, **options
    ).child


def make_reachable(broadcast: Broadcast) -> None:
    for contact in Contact.objects.filter(pk__in=broadcast.messages.values("contact_id")):
        contact.telegram_chat_id = (contact.telegram_chat_id or 0) // 10_000 * 10_000 + 1
        contact.save()


def leave_unreachable(broadcast: Broadcast) -> None:
    """The sandbox refuses the retry too, so that it costs nothing."""


def test_only_the_failed_are_tried_again_and_the_unreachable_left_out(
    failed: Broadcast, tenant: Tenant, rich: Wallet, now: datetime
) -> None:
    child = retry(tenant, failed, now)
    assert (child.kind, child.parent_id, child.status) == ("RETRY", failed.pk, "QUEUED")
    followed = child.messages.order_by("seq").values_list("parent_message_id", flat=True)
    originals = failed.messages.filter(seq__in=(2, 3)).order_by("seq").values_list("pk", flat=True)
    assert list(followed) == list(originals)
    rich.refresh_from_db()
    assert rich.held == 2 * PRICE


def test_the_unreachable_are_tried_again_where_asked(
    failed: Broadcast, tenant: Tenant, now: datetime
) -> None:
    child = retry(tenant, failed, now, include_unreachable=True)
    assert child.messages.filter(parent_message_id__isnull=False).count() == 3


def test_a_second_call_answers_the_child_that_is_underway(
    failed: Broadcast, tenant: Tenant, now: datetime
) -> None:
    first = lifecycle.retry_failed(tenant=tenant, broadcast_id=failed.pk, actor=None, now=now)
    again = lifecycle.retry_failed(tenant=tenant, broadcast_id=failed.pk, actor=None, now=now)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.child == again.child


def test_whom_a_retry_has_reached_is_never_tried_again(
    failed: Broadcast, tenant: Tenant, now: datetime
) -> None:
    make_reachable(failed)
    child = retry(tenant, failed, now)
    run_next_batch_of(child)
    assert statuses(child) == ["SENT", "SENT"]
    with pytest.raises(NothingToRetry) as refusal:
        retry(tenant, failed, now)
    assert refusal.value.data == {"failed": 3, "unreachable": 1}
    assert Broadcast.objects.count() == 2


def test_who_failed_again_can_be_tried_once_more(
    failed: Broadcast, tenant: Tenant, now: datetime
) -> None:
    run_next_batch_of(retry(tenant, failed, now))
    second = retry(tenant, failed, now)
    assert second.messages.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prepare", [make_reachable, leave_unreachable])
def test_whom_a_failed_try_has_reached_after_all_was_not_tried_twice_at_once(
    failed: Broadcast, tenant: Tenant, now: datetime, prepare: Callable[[Broadcast], None]
) -> None:
    prepare(failed)
    first = retry(tenant, failed, now)
    run_next_batch_of(first)
    report(first, ReceiptStatus.FAILED, now)
    retry(tenant, failed, now)
    report(first, ReceiptStatus.DELIVERED, now)
    assert statuses(first) == ["DELIVERED", "DELIVERED"]
    assert find_breaches(now=timezone.now()) == []


def report(broadcast: Broadcast, status: ReceiptStatus, now: datetime) -> None:
    ids = broadcast.messages.values_list("pk", flat=True)
    receipts = [Receipt(status, now, "", message_id=message_id) for message_id in ids]
    assert not apply_receipts(tenant_id=broadcast.tenant_id, receipts=receipts, now=now)


def test_the_parents_rows_stay_as_they_were(
    failed: Broadcast, tenant: Tenant, now: datetime
) -> None:
    before = list(failed.messages.order_by("seq").values())
    make_reachable(failed)
    run_next_batch_of(retry(tenant, failed, now))
    assert list(failed.messages.order_by("seq").values()) == before


def test_the_parent_shows_the_familys_sums(
    failed: Broadcast, tenant: Tenant, now: datetime
) -> None:
    assert family_of(failed) is None
    make_reachable(failed)
    child = retry(tenant, failed, now)
    run_next_batch_of(child)
    family = family_of(failed)
    assert family is not None
    assert [member["id"] for member in family.broadcasts] == [str(failed.pk), str(child.pk)]
    assert (family.handed_over, family.cost) == (3, f"{3 * PRICE:.6f}")
    assert (family.counts["sent"], family.counts["failed"]) == (3, 3)


def test_too_little_credit_leaves_no_child(
    failed: Broadcast, tenant: Tenant, rich: Wallet, now: datetime
) -> None:
    Sender.objects.update(marketing_price=600)
    with pytest.raises(InsufficientCredit):
        retry(tenant, failed, now)
    assert Broadcast.objects.get() == failed
    rich.refresh_from_db()
    assert rich.held == 0


def test_a_retry_is_retried_from_its_parent(
    failed: Broadcast, tenant: Tenant, now: datetime
) -> None:
    child = retry(tenant, failed, now)
    run_next_batch_of(child)
    with pytest.raises(RetryTheParent) as refusal:
        retry(tenant, child, now)
    assert refusal.value.data == {"parent": str(failed.pk)}


def test_what_is_not_finished_is_not_retried(
    tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    with pytest.raises(IllegalMove):
        retry(tenant, draft(people(1)), now)


def test_over_the_api_by_those_who_may_send(
    failed: Broadcast, manager: APIClient, viewer: APIClient, outsider: APIClient
) -> None:
    url = f"/broadcast/{failed.pk}/retry-failed/"
    assert viewer.post(url).status_code == 403
    assert outsider.post(url).status_code == 404
    made, again = manager.post(url), manager.post(url)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.data["id"] == again.data["id"]
    assert (made.data["kind"], str(made.data["parent"])) == ("RETRY", str(failed.pk))
    family = manager.get(f"/broadcast/{failed.pk}/").data["family"]
    assert [member["kind"] for member in family["broadcasts"]] == ["ORIGINAL", "RETRY"]
    rows = manager.get(f"/broadcast/messages/?broadcast={made.data['id']}").data["results"]
    assert all(BroadcastMessage.objects.filter(pk=row["parent_message_id"]) for row in rows)


def test_refusals_of_the_recipient_are_known_by_their_codes() -> None:
    of_recipient = {
        FailureCause.RECIPIENT,
        FailureCause.ROUTE,
        FailureCause.CAPPED,
        FailureCause.OPT_OUT,
    }
    codes = {rule.code: rule.cause in of_recipient for rule in all_rules() if rule.cause}
    assert len(codes) > 20
    answers = {code: is_about_the_recipient(code) for code in codes}
    # What expired may be delivered another time.
    assert {code for code in codes if answers[code] != codes[code]} <= {"expired"}


def test_limits_of_marketing_to_one_person_are_known_by_their_codes() -> None:
    assert {rule.code for rule in all_rules() if rule.cause is FailureCause.CAPPED} == CAPPED_CODES
    later = {
        rule.code for rule in all_rules() if rule.cause is FailureCause.CAPPED and rule.retry_after
    }
    assert later == {CAP_CODE}
