"""Receipts of failures pause, hold and count as the same codes do in answers."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.control.auto_pausing import pause_for_config
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Broadcast, BroadcastMessage
from channels.models import Sender
from channels.platforms import Platform
from channels.port.events import InboundEvent, Receipt, ReceiptStatus
from channels.port.outcomes import FailureCause
from channels.providers.registry import adapter_for
from contacts.models import Suppression
from postgres.lock_waits import lock_waits_limited
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.factories import TenantFactory
from tests.fixtures.types import MakePeople, SendBroadcast
from tests.flows.waiting import wait_for
from tests.foreign_session import locked_elsewhere
from wallet.models import Wallet

# Pauses follow the commit, so these tests need real commits.
pytestmark = pytest.mark.django_db(transaction=True)

Report = Callable[[Iterable[BroadcastMessage], str], None]


@pytest.fixture
def twilio(bot: Sender) -> Report:
    """`twilio(messages, "30034")`: callbacks that these messages are undelivered with this code."""

    def report(messages: Iterable[BroadcastMessage], code: str) -> None:
        adapter, now = adapter_for("twilio"), timezone.now()
        for message in messages:
            form = {"MessageSid": f"SM{message.seq}", "MessageStatus": "undelivered"}
            form |= {"ErrorCode": code, "broadcast_message_id": str(message.pk)}
            (receipt,) = adapter.webhook.parse(urlencode(form).encode(), received_at=now)
            assert isinstance(receipt, Receipt)
            apply_receipts(tenant_id=message.tenant_id, receipts=[receipt], now=now)

    return report


@pytest.fixture
def going(rich: Wallet, people: MakePeople, sent: SendBroadcast, settings: Settings) -> Broadcast:
    """Half of its hundred messages are SENT; ten settled messages are a sample."""
    settings.BROADCAST_PAUSE_SAMPLE = 10
    return sent(people(100))


def fresh(broadcast: Broadcast) -> Broadcast:
    return Broadcast.objects.select_related("sender", "counters").get(pk=broadcast.pk)


def sent_messages(broadcast: Broadcast) -> list[BroadcastMessage]:
    return list(broadcast.messages.filter(status="SENT").order_by("seq"))


def test_a_refused_configuration_marks_the_sender_and_pauses(
    going: Broadcast, twilio: Report, bot: Sender
) -> None:
    (first, *_) = sent_messages(going)
    twilio([first], "30034")
    first.refresh_from_db()
    assert (first.status, first.error_code) == ("FAILED", "number_not_registered")
    assert first.charge_state == "REFUNDED"
    bot.refresh_from_db()
    assert (bot.broken_at is not None, fresh(going).paused_at is not None) == (True, True)
    assert fresh(going).pause_reason == bot.broken_reason != ""
    assert_books_balance(going)


def test_also_if_the_broadcast_has_finished(going: Broadcast, twilio: Report, bot: Sender) -> None:
    Broadcast.objects.filter(pk=going.pk).update(status="SENT", finished_at=timezone.now())
    twilio(sent_messages(going)[:1], "30002")
    bot.refresh_from_db()
    assert bot.broken_at is not None


@pytest.mark.parametrize("code", ["21606", "21612", "21659", "30003", "30005", "30024", "99999"])
def test_a_failure_of_one_destination_never_breaks_the_sender(
    going: Broadcast, twilio: Report, bot: Sender, code: str
) -> None:
    twilio(sent_messages(going)[:4], code)
    bot.refresh_from_db()
    assert statuses(going).count("FAILED") == 4
    assert (bot.broken_at, fresh(going).paused_at) == (None, None)


def test_too_many_failures_by_receipts_pause(going: Broadcast, twilio: Report) -> None:
    twilio(sent_messages(going)[:30], "30005")
    assert "messages failed" in fresh(going).pause_reason


def test_all_failures_in_one_block_pause(going: Broadcast, now: datetime) -> None:
    receipts = [
        Receipt(ReceiptStatus.FAILED, now, message.provider_message_id, message_id=message.pk)
        for message in sent_messages(going)
    ]
    apply_receipts(tenant_id=going.tenant_id, receipts=receipts, now=now)
    assert fresh(going).pause_reason == "10 of its last 10 messages failed."


@pytest.mark.parametrize("code", ["63049", "63032"])
def test_the_platforms_limit_of_marketing_pauses_nothing(
    going: Broadcast, twilio: Report, code: str
) -> None:
    twilio(sent_messages(going), code)
    assert fresh(going).paused_at is None
    assert statuses(going).count("FAILED") == 50


def test_what_was_sent_before_a_resume_pauses_no_more(
    going: Broadcast, twilio: Report, bot: Sender, tenant: Tenant
) -> None:
    before = sent_messages(going)
    lifecycle.pause(tenant=tenant, broadcast_id=going.pk, now=timezone.now())
    lifecycle.resume(tenant=tenant, broadcast_id=going.pk, now=timezone.now())
    twilio(before, "30034")
    bot.refresh_from_db()
    assert (bot.broken_at, fresh(going).paused_at) == (None, None)


def test_what_was_sent_before_a_check_of_the_sender_breaks_it_no_more(
    going: Broadcast, twilio: Report, bot: Sender
) -> None:
    Sender.objects.filter(pk=bot.pk).update(worked_at=timezone.now() + timedelta(seconds=1))
    twilio(sent_messages(going)[:1], "30034")
    bot.refresh_from_db()
    assert bot.broken_at is None


def test_also_if_its_answer_was_lost(going: Broadcast, twilio: Report, bot: Sender) -> None:
    (message, *_) = sent_messages(going)
    BroadcastMessage.objects.filter(pk=message.pk).update(sent_at=None)
    Sender.objects.filter(pk=bot.pk).update(worked_at=timezone.now())
    twilio([message], "30034")
    bot.refresh_from_db()
    message.refresh_from_db()
    assert (message.status, bot.broken_at) == ("FAILED", None)


def test_a_failed_check_excuses_nothing(going: Broadcast, twilio: Report, bot: Sender) -> None:
    Sender.objects.filter(pk=bot.pk).update(checked_at=timezone.now() + timedelta(seconds=1))
    twilio(sent_messages(going)[:1], "30034")
    bot.refresh_from_db()
    assert bot.broken_at is not None


@pytest.mark.parametrize("code", ["30034", "30023"])
def test_a_locked_sender_is_marked_later(
    going: Broadcast, twilio: Report, bot: Sender, code: str
) -> None:
    with locked_elsewhere(("SELECT FROM channels_sender WHERE id = %s", bot.pk)):
        with lock_waits_limited(100):
            twilio(sent_messages(going)[:1], code)
        assert statuses(going).count("FAILED") == 1
    wait_for(lambda: Sender.objects.filter(pk=bot.pk, broken_at=None, held_until=None).count() == 0)


def test_a_limit_holds_the_sender(going: Broadcast, twilio: Report, bot: Sender) -> None:
    twilio(sent_messages(going)[:1], "30023")
    bot.refresh_from_db()
    assert bot.held_until is not None
    assert bot.held_until > timezone.now() + timedelta(minutes=55)


def test_a_paused_template_pauses_the_broadcast_and_not_the_sender(
    going: Broadcast, bot: Sender
) -> None:
    (message, *_) = sent_messages(going)
    status = {
        "id": "wamid.1", "status": "failed", "timestamp": str(int(timezone.now().timestamp())),
        "biz_opaque_callback_data": str(message.pk), "errors": [{"code": 132015}],
    }  # fmt: skip
    body = {"entry": [{"changes": [{"value": {"statuses": [status]}}]}]}
    receipts = adapter_for("meta_cloud").webhook.parse(
        json.dumps(body).encode(), received_at=timezone.now()
    )
    apply_receipts(
        tenant_id=going.tenant_id,
        receipts=[receipt for receipt in receipts if isinstance(receipt, Receipt)],
        now=timezone.now(),
    )
    bot.refresh_from_db()
    assert fresh(going).pause_reason == "Meta paused the template for low quality."
    assert bot.broken_at is None


def test_an_opt_out_is_recorded(going: Broadcast, twilio: Report) -> None:
    (message, *_) = sent_messages(going)
    twilio([message], "21610")
    assert Suppression.objects.get().address == message.address
    assert Suppression.objects.get().platform == Platform.TELEGRAM


@pytest.mark.parametrize("codes", [("15", "2"), ("2", "15")])
def test_the_configuration_decides_among_the_parts_in_any_order(
    going: Broadcast, bot: Sender, now: datetime, codes: tuple[str, str]
) -> None:
    (message, *_) = sent_messages(going)
    receipts: list[InboundEvent] = []
    for code in codes:
        part = {"messageId": f"0A{code}", "status": "failed", "err-code": code}
        part |= {"client-ref": str(message.pk)}
        receipts += adapter_for("vonage").webhook.parse(json.dumps(part).encode(), received_at=now)
    apply_receipts(
        tenant_id=going.tenant_id,
        receipts=[receipt for receipt in receipts if isinstance(receipt, Receipt)],
        now=now,
    )
    message.refresh_from_db()
    bot.refresh_from_db()
    assert (message.error_code, bot.broken_at is not None) == ("provider_billing", True)


def test_another_tenants_receipt_changes_nothing(
    going: Broadcast, bot: Sender, now: datetime
) -> None:
    (message, *_) = sent_messages(going)
    for message_id in (message.pk, None):
        receipt = Receipt(
            ReceiptStatus.FAILED,
            now,
            message.provider_message_id,
            message_id=message_id,
            cause=FailureCause.CONFIG,
            code="sender_unauthorized",
            opted_out=True,
            holds_sender_for=60.0,
        )
        stranger = TenantFactory.create()
        assert apply_receipts(tenant_id=stranger.pk, receipts=[receipt], now=now) == [receipt]
    bot.refresh_from_db()
    assert (bot.broken_at, bot.held_until, fresh(going).paused_at) == (None, None, None)
    assert not Suppression.objects.exists()


def test_an_answer_from_before_a_check_breaks_the_sender_no_more(
    going: Broadcast, bot: Sender, now: datetime
) -> None:
    """Answers that the database could not take are settled late."""
    Sender.objects.filter(pk=bot.pk).update(worked_at=now)
    before = now - timedelta(seconds=1)
    pause_for_config(going, code="sender_unauthorized", message="no", now=before)
    bot.refresh_from_db()
    assert (bot.broken_at, fresh(going).paused_at) == (None, None)
    pause_for_config(going, code="sender_unauthorized", message="no", now=now)
    bot.refresh_from_db()
    assert (bot.broken_at, fresh(going).paused_at) == (now, now)
