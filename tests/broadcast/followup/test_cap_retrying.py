"""A recipient to whom the platform limits marketing is tried again, if the broadcast chose so."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from broadcast.engine.batch import run_batch
from broadcast.followup.cap_retrying import retry_capped
from broadcast.followup.fallback import fall_back
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Broadcast
from broadcast.tasks import retry_capped_all
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import FailureCause
from doctor.checkup import find_breaches
from tests.broadcast.followup.ladders import RUNGS, children
from tests.fixtures.types import MakeBroadcast, MakePeople, SendBroadcast
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def refuse(
    broadcast: Broadcast, at: datetime, *, code: str = "recipient_cooldown", seq: int = 1
) -> None:
    """A receipt: the platform did not deliver this message."""
    message = broadcast.messages.get(seq=seq)
    receipt = Receipt(
        ReceiptStatus.FAILED,
        at,
        message.provider_message_id,
        message_id=message.pk,
        code=code,
        provider_code="131049",
        cause=FailureCause.CAPPED,
    )
    apply_receipts(tenant_id=broadcast.tenant_id, receipts=[receipt], now=at)


def run(broadcast: Broadcast, at: datetime) -> None:
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: at)


def retries(parent: Broadcast) -> list[Broadcast]:
    return [child for child in children(parent) if child.kind == "RETRY"]


@pytest.fixture
def capped(
    rich: Wallet, people: MakePeople, sent: SendBroadcast, settings: Settings, now: datetime
) -> Broadcast:
    """Two recipients; the first is capped by a receipt. Two retries are allowed, and a rung."""
    settings.BROADCAST_FALLBACK_DELAY = 0
    broadcast = sent(people(2), fallback=RUNGS, frequency_cap_retries=2)
    refuse(broadcast, now)
    return broadcast


def test_it_is_tried_again_after_a_day_and_not_before(capped: Broadcast, now: datetime) -> None:
    assert capped.messages.get(seq=1).charge_state == "REFUNDED"
    assert retry_capped(now=now + DAY - HOUR) == 0
    assert fall_back(now=now + HOUR) == 0, "a retry is to come"
    assert retry_capped(now=now + DAY) == 1
    (child,) = retries(capped)
    (message,) = child.messages.all()
    assert (message.status, message.charge_state) == ("PENDING", "HELD")
    assert message.parent_message_id == capped.messages.get(seq=1).pk
    assert child.frequency_cap_retries == 0
    assert retry_capped(now=now + DAY) == 0, "a try is open"
    assert fall_back(now=now + DAY) == 0
    assert find_breaches(now=timezone.now()) == []
    run(child, now + DAY)
    assert retry_capped(now=now + 2 * DAY) == 0, "it was reached"
    assert fall_back(now=now + 2 * DAY) == 0


def test_after_the_last_retry_the_next_rung_starts(capped: Broadcast, now: datetime) -> None:
    at = now
    for number in (1, 2):
        at += DAY + HOUR
        assert retry_capped(now=at) == 1
        child = retries(capped)[number - 1]
        run(child, at)
        refuse(child, at)
        assert retry_capped(now=at + 2 * HOUR) == 0, "another day must pass"
    assert retry_capped(now=at + DAY + HOUR) == 0, "two retries were allowed"
    assert fall_back(now=at + HOUR) == 1
    rung = capped.children.get(kind="FALLBACK")
    assert (rung.messages.get().status, rung.frequency_cap_retries) == ("PENDING", 2)


def test_a_retry_that_fails_for_another_reason_ends_the_retries(
    capped: Broadcast, now: datetime
) -> None:
    assert retry_capped(now=now + DAY) == 1
    (child,) = retries(capped)
    run(child, now + DAY)
    refuse(child, now + DAY, code="recipient_unreachable")
    assert retry_capped(now=now + 2 * DAY + HOUR) == 0
    assert fall_back(now=now + DAY + HOUR) == 1


@pytest.mark.parametrize(("expires_in", "number"), [(23 * HOUR, 0), (25 * HOUR, 1)])
def test_no_retry_comes_after_the_broadcasts_end(
    capped: Broadcast, now: datetime, expires_in: timedelta, number: int
) -> None:
    Broadcast.objects.filter(pk=capped.pk).update(expires_at=now + expires_in)
    assert fall_back(now=now + HOUR) == 1 - number
    assert retry_capped(now=now + DAY) == number


def test_by_default_the_next_rung_starts_at_once(
    rich: Wallet, people: MakePeople, sent: SendBroadcast, settings: Settings, now: datetime
) -> None:
    settings.BROADCAST_FALLBACK_DELAY = 0
    broadcast = sent(people(1), fallback=RUNGS)
    refuse(broadcast, now)
    assert retry_capped(now=now + DAY) == 0
    assert fall_back(now=now + HOUR) == 1


def test_an_experiments_recipient_goes_to_the_next_rung_at_once(
    rich: Wallet, people: MakePeople, sent: SendBroadcast, settings: Settings, now: datetime
) -> None:
    settings.BROADCAST_FALLBACK_DELAY = 0
    broadcast = sent(people(1), fallback=RUNGS, frequency_cap_retries=3)
    refuse(broadcast, now, code="recipient_experiment")
    assert retry_capped(now=now + DAY) == 0
    assert fall_back(now=now + HOUR) == 1


def test_recipients_who_follow_within_an_hour_share_a_retry(
    capped: Broadcast, now: datetime
) -> None:
    refuse(capped, now + HOUR / 2, seq=2)
    assert retry_capped(now=now + DAY + HOUR) == 1
    (child,) = retries(capped)
    assert child.counters.total == 2


def test_the_task_runs() -> None:
    retry_capped_all()


@pytest.mark.parametrize(("number", "status"), [(0, 201), (7, 201), (8, 400), (-1, 400)])
def test_the_api_takes_up_to_seven_retries(
    owner: APIClient, draft: MakeBroadcast, people: MakePeople, number: int, status: int
) -> None:
    body = {"name": "News", "platform": "TELEGRAM", "frequency_cap_retries": number}
    response = owner.post("/broadcast/", body, format="json")
    assert response.status_code == status, response.json()
    if status == 201:
        assert response.json()["frequency_cap_retries"] == number
    else:
        assert response.json()["errors"][0]["attr"] == "frequency_cap_retries"
