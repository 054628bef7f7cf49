"""A tenant that can send: credits, a Telegram bot at a sandbox, contacts."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import count

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.batch import run_batch
from broadcast.models import Broadcast
from broadcast.planning.plan import RecipientRef
from channels.models import Sender
from channels.platforms import Platform
from contacts.models import Contact
from sandbox.running import RunningSimulator, running_simulator
from tenants.models import Tenant
from wallet.ledger import ledger
from wallet.models import Wallet

PRICE = Decimal("0.020000")
PLENTY = Decimal(1000)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSimulator]:
    with running_simulator(receipt_delay=0.05, slow_seconds=0.2, hang_seconds=3.0) as running:
        yield running


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def rich(tenant: Tenant, now: datetime) -> Wallet:
    ledger.top_up(
        tenant=tenant, amount=PLENTY, reference="start", actor="test", reason="test", now=now
    )
    return ledger.wallet_of(tenant)


BOT_IDS = count(700_000)


@pytest.fixture
def open_limiter(request: pytest.FixtureRequest) -> None:
    """Redis that was not flushed just now: a limiter without a memory starts closed."""
    if "redis_client" in request.fixturenames:
        request.getfixturevalue("redis_client")  # which empties it
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.set(f"{settings.REDIS_KEY_PREFIX}pace:epoch", 1)


@pytest.fixture
def bot(tenant: Tenant, sandbox: RunningSimulator, open_limiter: None) -> Sender:
    bot_id = str(next(BOT_IDS))
    return Sender.objects.create(
        tenant=tenant,
        platform=Platform.TELEGRAM,
        provider="telegram_bot",
        name="Bot",
        address="@bot",
        account_id=bot_id,
        credentials={"bot_token": f"{bot_id}:AAbbccddeeffgghhiijjkkllmmnnooppqqr"},
        base_url=sandbox.base_url,
        currency=tenant.currency,
        marketing_price=PRICE,
        batch_delay=Decimal(0),
    )


@pytest.fixture
def people(tenant: Tenant) -> Callable[..., list[Contact]]:
    """`people(3)`: contacts with a chat; `people(1, ending=9003)`: with a magic ending."""
    chats = count(1)

    def make(number: int, *, ending: int | None = None) -> list[Contact]:
        return Contact.objects.bulk_create(
            Contact(
                tenant=tenant,
                first_name=f"Ana {n}",
                telegram_chat_id=next(chats) * 100_000
                + (1000 + n % 8000 if ending is None else ending),
            )
            for n in range(number)
        )

    return make


@pytest.fixture
def draft(tenant: Tenant, bot: Sender, now: datetime) -> Callable[..., Broadcast]:
    def make(contacts: list[Contact], **fields: object) -> Broadcast:
        return lifecycle.create(
            tenant=tenant,
            actor=None,
            fields={"name": "News", "platform": Platform.TELEGRAM, "text": "Hello", **fields},
            recipients=[RecipientRef(contact=each.pk) for each in contacts],
            now=now,
        )

    return make


@pytest.fixture
def sent(
    tenant: Tenant, draft: Callable[..., Broadcast], now: datetime
) -> Callable[..., Broadcast]:
    """A broadcast that was sent and whose first lane has run `batches` times."""

    def make(contacts: list[Contact], *, batches: int = 1, **fields: object) -> Broadcast:
        broadcast = lifecycle.send(
            tenant=tenant, broadcast_id=draft(contacts, **fields).pk, now=now
        )
        for _ in range(batches):
            run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
        return Broadcast.objects.select_related("counters").get(pk=broadcast.pk)

    return make
