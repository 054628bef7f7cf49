"""`/broadcast/dashboard/`: the formula of every figure."""

import pytest
from rest_framework.test import APIClient

from broadcast.models import Broadcast, BroadcastCounters
from channels.models import Sender
from tests.factories import BroadcastFactory

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
    assert answer["totals"]["handed_over"] == 4


def test_another_tenants_broadcasts_are_not_counted(outsider: APIClient, bot: Sender) -> None:
    BroadcastFactory.create(tenant=bot.tenant, sender=bot)
    assert outsider.get("/broadcast/dashboard/").data["results"] == []
