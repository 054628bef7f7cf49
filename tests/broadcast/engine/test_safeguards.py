"""A broken sender or a bad list pauses a broadcast before its other messages are wasted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.engine.claiming import claim
from broadcast.engine.settling import settle
from broadcast.lanes.lanes import take_lane
from broadcast.models import Broadcast
from channels.models import Sender, TenantWAApp
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

# The pause follows the commit of the settling transaction, so these tests need real commits.
pytestmark = pytest.mark.django_db(transaction=True)
REVOKED = Outcome(
    OutcomeKind.PERMANENT,
    code="sender_unauthorized",
    message="The token was revoked.",
    cause=FailureCause.CONFIG,
)
TEMPLATE_PAUSED = Outcome(
    OutcomeKind.PERMANENT,
    code="template_paused",
    message="Meta paused the template.",
    cause=FailureCause.CONFIG,
)
NOT_ON_THE_LIST, NOT_THIS_COUNTRY = (
    Outcome(OutcomeKind.PERMANENT, code=code, cause=FailureCause.ROUTE)
    for code in ("recipient_not_allowed", "route_refused")
)
REFUSED = Outcome(OutcomeKind.PERMANENT, code="content_refused", cause=FailureCause.CONTENT)
REFUSED_WITHOUT_REASON = Outcome(
    OutcomeKind.PERMANENT, code="provider_refused", message="No.", cause=FailureCause.CONFIG
)
CAPPED = Outcome(OutcomeKind.PERMANENT, code="recipient_cooldown", cause=FailureCause.CAPPED)
ACCEPTED = Outcome(OutcomeKind.ACCEPTED, provider_message_id="1")
ON_HOLD = Outcome(OutcomeKind.WAITING, provider_message_id="2", code="held_for_quality")


StartBroadcast = Callable[[int], Broadcast]
RunBatch = Callable[[Broadcast, list[Outcome]], None]


@pytest.fixture
def going(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> StartBroadcast:
    """`going(3)`: a broadcast to so many recipients that is being sent."""

    def make(number: int) -> Broadcast:
        broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(number)).pk, now=now)
        Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING", started_at=now)
        return fresh(broadcast)

    return make


def fresh(broadcast: Broadcast) -> Broadcast:
    return Broadcast.objects.select_related("tenant", "sender", "counters").get(pk=broadcast.pk)


@pytest.fixture
def batch(bot: Sender) -> RunBatch:
    """`batch(broadcast, [ACCEPTED, REFUSED])`: runs a batch that gets these answers."""

    def run(broadcast: Broadcast, outcomes: list[Outcome]) -> None:
        Sender.objects.update(batch_size=len(outcomes))
        lane, sender, at = broadcast.lanes.get(), Sender.objects.get(pk=bot.pk), timezone.now()
        assert take_lane(lane=lane, sender=sender, now=at)
        claimed = claim(broadcast=fresh(broadcast), lane=lane, sender=sender, now=at)
        assert claimed is not None
        assert len(claimed.messages) == len(outcomes)
        settle(
            broadcast=fresh(broadcast),
            sender=sender,
            batch_id=claimed.batch_id,
            outcomes=[
                (message.id, outcome)
                for message, outcome in zip(claimed.messages, outcomes, strict=True)
            ],
            is_last=True,
            now=at,
        )

    return run


def test_a_revoked_token_pauses_and_spends_no_message(
    going: StartBroadcast, batch: RunBatch, bot: Sender
) -> None:
    broadcast = going(3)
    batch(broadcast, [REVOKED, REVOKED])
    assert statuses(broadcast) == ["PENDING"] * 3
    assert set(broadcast.messages.values_list("attempts", flat=True)) == {0}
    paused = fresh(broadcast)
    assert (paused.paused_at is not None, paused.pause_reason) == (True, "The token was revoked.")
    bot.refresh_from_db()
    assert (bot.broken_at is not None, bot.broken_reason) == (True, "The token was revoked.")
    assert bot.held_until is None
    assert_books_balance(broadcast)


def test_a_refusal_that_postgresql_cannot_hold_pauses_all_the_same(
    going: StartBroadcast, batch: RunBatch, bot: Sender
) -> None:
    broadcast = going(1)
    batch(broadcast, [replace(REVOKED, message="The token\x00 was \ud800revoked.")])
    bot.refresh_from_db()
    assert fresh(broadcast).pause_reason == bot.broken_reason == "The token was ?revoked."


def test_every_broadcast_of_the_sender_pauses(going: StartBroadcast, batch: RunBatch) -> None:
    first, second = going(2), going(2)
    batch(first, [REVOKED])
    assert fresh(second).pause_reason == "The token was revoked."


def test_what_waited_is_sent_once_the_sender_is_repaired(
    going: StartBroadcast, batch: RunBatch, tenant: Tenant
) -> None:
    broadcast = going(2)
    batch(broadcast, [REVOKED, REVOKED])
    Sender.objects.update(broken_at=None, broken_reason="")
    later = timezone.now() + timedelta(minutes=1)
    lifecycle.resume(tenant=tenant, broadcast_id=broadcast.pk, now=later)
    broadcast.messages.update(next_attempt_at=timezone.now())
    batch(broadcast, [ACCEPTED, ACCEPTED])
    assert statuses(broadcast) == ["SENT", "SENT"]


def test_a_paused_template_pauses_its_broadcast_but_not_the_sender(
    going: StartBroadcast, batch: RunBatch, bot: Sender
) -> None:
    broadcast, other = going(2), going(2)
    batch(broadcast, [TEMPLATE_PAUSED])
    assert fresh(broadcast).pause_reason == "Meta paused the template."
    bot.refresh_from_db()
    assert (bot.broken_at, fresh(other).paused_at) == (None, None)


@pytest.mark.parametrize("refusal", [REVOKED, TEMPLATE_PAUSED], ids=["token", "template"])
@pytest.mark.parametrize("order", [1, -1], ids=["then refused", "then accepted"])
def test_a_repair_amid_a_batch_is_waited_for(
    going: StartBroadcast, batch: RunBatch, refusal: Outcome, order: int
) -> None:
    broadcast = going(50)
    batch(broadcast, ([ACCEPTED] * 10 + [refusal] * 40)[::order])
    assert statuses(broadcast).count("SENT") == 10
    waiting = broadcast.messages.filter(status="PENDING", charge_state="HELD", attempts=0)
    assert waiting.count() == 40
    assert fresh(broadcast).pause_reason == refusal.message
    assert_books_balance(broadcast)


@pytest.mark.parametrize(
    ("outcomes", "becomes", "is_paused"),
    [
        ([REFUSED_WITHOUT_REASON, ACCEPTED], ["FAILED", "SENT"], False),
        ([ACCEPTED, REFUSED_WITHOUT_REASON], ["SENT", "PENDING"], True),
        ([REFUSED_WITHOUT_REASON, ON_HOLD], ["FAILED", "ON_HOLD"], False),
    ],
    ids=["before an acceptance", "after it", "before a hold"],
)
def test_a_code_that_may_be_one_messages_is_judged_by_the_order(
    going: StartBroadcast,
    batch: RunBatch,
    outcomes: list[Outcome],
    becomes: list[str],
    is_paused: bool,
) -> None:
    broadcast = going(3)
    batch(broadcast, outcomes)
    assert statuses(broadcast) == [*becomes, "PENDING"]
    assert (fresh(broadcast).paused_at is not None) is is_paused


def test_a_paused_template_pauses_all_its_broadcasts(
    going: StartBroadcast, batch: RunBatch, tenant: Tenant
) -> None:
    broadcast, other = going(2), going(2)
    app = TenantWAApp.objects.create(
        tenant=tenant, platform="WHATSAPP", provider="meta_cloud", currency="EUR"
    )
    template = WhatsAppTemplate.objects.create(
        tenant=tenant,
        app=app,
        name="news",
        language="en",
        body="Hello",
        status=TemplateStatus.APPROVED,
    )
    Broadcast.objects.update(template=template)
    batch(broadcast, [TEMPLATE_PAUSED])
    assert fresh(other).pause_reason == "Meta paused the template."


@pytest.mark.parametrize("refusal", [NOT_ON_THE_LIST, NOT_THIS_COUNTRY], ids=["list", "country"])
def test_where_an_account_may_not_write_does_not_break_the_sender(
    going: StartBroadcast, batch: RunBatch, bot: Sender, refusal: Outcome
) -> None:
    broadcast = going(2)
    batch(broadcast, [refusal])
    bot.refresh_from_db()
    assert (statuses(broadcast), bot.broken_at) == (["FAILED", "PENDING"], None)


@pytest.fixture
def sample_of_ten(settings: Settings) -> None:
    settings.BROADCAST_PAUSE_SAMPLE = 10


@pytest.mark.usefixtures("sample_of_ten")
def test_too_many_failures_among_the_last_messages_pause_it(
    going: StartBroadcast, batch: RunBatch
) -> None:
    broadcast = going(20)
    batch(broadcast, [ACCEPTED, ACCEPTED, ACCEPTED, REFUSED, REFUSED])
    assert fresh(broadcast).paused_at is None
    batch(broadcast, [ACCEPTED, ACCEPTED, REFUSED, REFUSED, REFUSED])
    assert fresh(broadcast).pause_reason == "5 of its last 10 messages failed."
    assert statuses(broadcast).count("PENDING") == 10


@pytest.mark.usefixtures("sample_of_ten")
def test_the_platforms_limit_of_marketing_is_no_failure_of_the_broadcast(
    going: StartBroadcast, batch: RunBatch
) -> None:
    broadcast = going(40)
    batch(broadcast, [CAPPED] * 20)
    assert fresh(broadcast).paused_at is None
    batch(broadcast, [*[CAPPED] * 5, *[ACCEPTED] * 4, REFUSED])
    assert fresh(broadcast).paused_at is None


@pytest.mark.usefixtures("sample_of_ten")
def test_fewer_failures_do_not_pause_it(going: StartBroadcast, batch: RunBatch) -> None:
    broadcast = going(20)
    batch(broadcast, [ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, REFUSED])
    batch(broadcast, [ACCEPTED, ACCEPTED, REFUSED, REFUSED, REFUSED])
    assert fresh(broadcast).paused_at is None


@pytest.mark.usefixtures("sample_of_ten")
def test_after_resuming_only_what_follows_counts(
    going: StartBroadcast, batch: RunBatch, tenant: Tenant
) -> None:
    broadcast = going(30)
    batch(broadcast, [REFUSED] * 10)
    assert fresh(broadcast).paused_at is not None
    lifecycle.resume(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    batch(broadcast, [REFUSED] * 5)
    assert fresh(broadcast).paused_at is None
    batch(broadcast, [REFUSED] * 5)
    assert fresh(broadcast).pause_reason == "10 of its last 10 messages failed."
