"""A task that would start a plan under way a second time does not wait for it."""

from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from broadcast import lifecycle
from broadcast.models import Broadcast
from channels.models import Sender
from tenants.models import Tenant
from tests.fixtures.types import MakePeople
from wallet.models import Wallet

DEADLINE = 20.0


@pytest.mark.django_db(transaction=True)
def test_a_plan_under_way_is_left_alone(
    rich: Wallet, tenant: Tenant, bot: Sender, people: MakePeople
) -> None:
    """Otherwise all threads of a worker would wait for the plan of one tenant."""
    people(1)
    now = timezone.now()
    fields = {"name": "All", "platform": "TELEGRAM", "text": "Hi", "audience": {"all": True}}
    broadcast = lifecycle.create(tenant=tenant, actor=None, fields=fields, recipients=None, now=now)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    planning, planned = Event(), Event()

    def plan() -> None:
        try:
            with transaction.atomic():
                Broadcast.objects.select_for_update(no_key=True).get(pk=broadcast.pk)
                planning.set()
                planned.wait(DEADLINE)
        finally:
            connection.close()

    planner = Thread(target=plan)
    planner.start()
    assert planning.wait(DEADLINE)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        lifecycle.finish_planning(broadcast_id=broadcast.pk, now=now)
    planned.set()
    planner.join(DEADLINE)
    lifecycle.finish_planning(broadcast_id=broadcast.pk, now=now)
    broadcast.refresh_from_db()
    assert (broadcast.status, broadcast.planning_at) == ("QUEUED", None)
