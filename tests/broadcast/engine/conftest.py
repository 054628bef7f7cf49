"""Workers that are stopped in mid-batch."""

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.batch import run_batch
from broadcast.models import Batch, Broadcast
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.engine.late import LateAnswers, StopWorker
from tests.fixtures.engine import replace_settle
from tests.fixtures.types import MakeBroadcast


class Stopped(BaseException):
    """The worker is stopped here."""


@pytest.fixture
def stop_worker(
    draft: MakeBroadcast, tenant: Tenant, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> StopWorker:
    """Sends a broadcast with a worker that is stopped before it settles; its lease has expired."""

    def make(contacts: list[Contact], **fields: object) -> tuple[Broadcast, LateAnswers]:
        broadcast = lifecycle.send(
            tenant=tenant, broadcast_id=draft(contacts, **fields).pk, now=now
        )
        late: dict[str, Any] = {}

        def stop(**arguments: Any) -> None:
            late.update(arguments)
            raise Stopped

        with monkeypatch.context() as patched:
            replace_settle(patched, stop)
            with pytest.raises(Stopped):
                run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
        Batch.objects.filter(broadcast=broadcast).update(lease_expires_at=now)
        return broadcast, LateAnswers(late)

    return make
