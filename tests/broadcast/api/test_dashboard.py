"""`/broadcast/dashboard/`: the formula of every figure."""

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from broadcast.models import Broadcast, BroadcastCounters
from channels.models import Sender
from tests.factories import BroadcastFactory, WhatsAppSenderFactory

pytestmark = pytest.mark.django_db


def test_what_telegram_does_not_report_is_null(manager: APIClient, bot: Sender) -> None:
    broadcast: Broadcast = BroadcastFactory.create(tenant=bot.tenant, sender=bot)
    BroadcastCounters.objects.filter(broadcast=broadcast).update(
        total=4, sent=4, handed_over=4, clicked=1
    )
    answer = manager.get("/broadcast/dashboard/").data
    row = answer["results"][0]
    assert (row["handed_over"], row["delivered"], row["read"]) == (4, None, None)
    assert (row["delivery_rate"], row["read_rate"], row["click_rate"]) == (None, None, 0.25)
    assert row["sent"] == row["handed_over"] == 4
    assert answer["totals"]["handed_over"] == answer["totals"]["sent"] == 4


def test_sent_delivered_and_read_are_cumulative(manager: APIClient, bot: Sender) -> None:
    """Of 10 accepted messages, 2 were read, 3 more delivered, 1 failed later, 4 have no report."""
    number = WhatsAppSenderFactory.create(tenant=bot.tenant)
    broadcast = BroadcastFactory.create(tenant=bot.tenant, sender=number, platform="WHATSAPP")
    BroadcastCounters.objects.filter(broadcast=broadcast).update(
        total=12, sent=4, delivered=3, read=2, failed=3, handed_over=10
    )

    answer = manager.get("/broadcast/dashboard/").data

    for figures in (answer["results"][0], answer["totals"]):
        assert {name: figures[name] for name in ("sent", "delivered", "read", "failed")} == {
            "sent": 10,
            "delivered": 5,
            "read": 2,
            "failed": 3,
        }
    assert answer["results"][0]["delivery_rate"] == 0.5


def test_the_document_defines_the_figures() -> None:
    schemas = SchemaGenerator().get_schema(public=True)["components"]["schemas"]
    figures = schemas["DashboardRow"]["properties"]

    for name in ("sent", "delivered", "read", "failed"):
        assert figures[name]["description"], name
    assert "sent ⊇ delivered ⊇ read" in schemas["DashboardRow"]["description"]


def test_another_tenants_broadcasts_are_not_counted(outsider: APIClient, bot: Sender) -> None:
    BroadcastFactory.create(tenant=bot.tenant, sender=bot)
    assert outsider.get("/broadcast/dashboard/").data["results"] == []
