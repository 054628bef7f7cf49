"""One row of every model, so that every page of the admin shows a row."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

from django.db.models import Model

from broadcast.models import (
    Batch,
    Broadcast,
    BroadcastCounters,
    BroadcastMessage,
    ChargeLine,
    Lane,
)
from channels.models import ProviderApp, Sender, SenderDay, TenantWAApp
from contacts.models import (
    Contact,
    ContactImport,
    ContactImportError,
    ContactTag,
    Suppression,
    Tag,
)
from doctor.models import Checkup
from inbound.models import MessageAlias, ParkedReceipt, ProviderEvent, ReceivedMessage
from templates_wa.models import WhatsAppTemplate
from tenants.models import IdempotencyRecord, Tenant
from tests.factories import MembershipFactory
from tracking.models import Click, TrackedURL
from wallet.ledger.ledger import hold, top_up, wallet_of
from wallet.models import Hold, LedgerEntry, Rate, ReceivedPayment, TopUp

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "made-up-access-token-4711"


def row_of_every_model(tenant: Tenant) -> dict[type[Model], Model]:
    membership = MembershipFactory.create(tenant=tenant)
    rows = [
        tenant,
        membership,
        membership.user,
        IdempotencyRecord.objects.create(
            tenant=tenant, key="k", operation="POST /", body_hash="", response_status=201
        ),
        *_channels(tenant),
        *_contacts(tenant),
        *_money(tenant),
    ]
    rows_by_model: dict[type[Model], Model] = {type(row): row for row in rows}
    rows += _broadcasts(tenant, rows_by_model[TenantWAApp], rows_by_model[Contact])
    rows += _events(cast("ProviderApp", rows_by_model[ProviderApp]))
    return {type(row): row for row in rows}


def _channels(tenant: Tenant) -> list[Model]:
    app = ProviderApp.objects.create(
        tenant=tenant, provider="telegram_bot", name="App", secrets={"token": SECRET}
    )
    bot = Sender.objects.create(
        tenant=tenant,
        app=app,
        platform="TELEGRAM",
        provider="telegram_bot",
        name="Bot",
        account_id="1",
        currency="EUR",
        credentials={"bot_token": f"1:{SECRET}"},
    )
    number = TenantWAApp.objects.create(
        tenant=tenant,
        platform="WHATSAPP",
        provider="meta_cloud",
        name="Number",
        account_id="2",
        currency="EUR",
        credentials={"access_token": SECRET},
    )
    template = WhatsAppTemplate.objects.create(
        tenant=tenant, app=number, name="summer_sale", language="en", body="Hello"
    )
    day = SenderDay.objects.create(sender=bot, day=NOW.date(), taken=1)
    return [app, bot, number, template, day]


def _contacts(tenant: Tenant) -> list[Model]:
    contact = Contact.objects.create(tenant=tenant, phone="+491701234567")
    tag = Tag.objects.create(tenant=tenant, name="vip")
    job = ContactImport.objects.create(tenant=tenant, file_name="a.csv", content=b"phone")
    return [
        contact,
        tag,
        ContactTag.objects.create(contact=contact, tag=tag),
        Suppression.objects.create(tenant=tenant, address="+491701234568", source="USER"),
        job,
        ContactImportError.objects.create(contact_import=job, line=2, reason="no phone"),
    ]


def _money(tenant: Tenant) -> list[Model]:
    top_up(tenant=tenant, amount=Decimal(10), reference="start", actor="test", reason="", now=NOW)
    hold(tenant=tenant, amount=Decimal(1), subject="s", revision=1, actor="test", now=NOW)
    wallet = wallet_of(tenant)
    rate = Rate.objects.create(platform="SMS", price=1, currency="EUR", valid_from=NOW)
    hold_ = Hold.objects.get(wallet=wallet)
    top_up_ = TopUp.objects.create(
        wallet=wallet,
        provider="stripe",
        amount=Decimal(1),
        minor_units=100,
        currency="EUR",
        created_at=NOW,
    )
    event = ReceivedPayment.objects.create(
        provider="stripe", event_id="evt_1", kind="paid", top_up=top_up_, received_at=NOW
    )
    return [wallet, hold_, LedgerEntry.objects.get(kind="TOP_UP"), rate, top_up_, event]


def _broadcasts(tenant: Tenant, sender: Model, contact: Model) -> list[Model]:
    broadcast = Broadcast.objects.create(
        tenant=tenant, name="Summer sale", platform="WHATSAPP", sender_id=sender.pk
    )
    lane = Lane.objects.create(broadcast=broadcast, n=0)
    message = BroadcastMessage.objects.create(
        tenant=tenant,
        broadcast=broadcast,
        seq=1,
        contact_id=contact.pk,
        token=1,
        created_at=NOW,
        status_at=NOW,
    )
    url = TrackedURL.objects.create(
        tenant=tenant, broadcast=broadcast, position=0, url="https://example.com"
    )
    return [
        broadcast,
        BroadcastCounters.objects.create(broadcast=broadcast, total=1, pending=1),
        lane,
        message,
        Batch.objects.create(
            broadcast=broadcast,
            lane=lane,
            message_ids=[message.id],
            claimed_at=NOW,
            lease_expires_at=NOW,
        ),
        Checkup.objects.create(at=NOW, seconds=0.1, breach_count=0),
        ChargeLine.objects.create(
            broadcast=broadcast,
            movement_id=message.id,
            charge_state="CAPTURED",
            amount=Decimal(1),
            message_ids=[message.id],
        ),
        url,
        Click.objects.create(
            tenant=tenant,
            tracked_url=url,
            broadcast=broadcast,
            message=message,
            is_first=True,
            clicked_at=NOW,
        ),
    ]


def _events(app: ProviderApp) -> list[Model]:
    return [
        ProviderEvent.objects.create(app_id=app.pk, body=b"{}", received_at=NOW),
        ParkedReceipt.objects.create(
            app_id=app.pk,
            provider_message_id="1",
            status="DELIVERED",
            at=NOW,
            parked_at=NOW,
            tried_at=NOW,
        ),
        MessageAlias.objects.create(
            app_id=app.pk, alias="wamid.1", provider_message_id="gs-1", created_at=NOW
        ),
        ReceivedMessage.objects.create(
            tenant_id=app.tenant_id,
            app_id=app.pk,
            platform="TELEGRAM",
            address="77",
            text="Hello",
            provider_message_id="77:1",
            at=NOW,
            received_at=NOW,
        ),
    ]
