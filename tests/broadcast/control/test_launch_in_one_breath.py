"""A launch goes down once through the packages, with a fixed number of SQL statements."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import pytest

from broadcast import lifecycle
from broadcast.models import Broadcast
from broadcast.planning.estimating import estimate
from broadcast.planning.plan import RecipientRef
from channels.models import Sender
from config.environment import BASE_DIR
from tenants.models import Tenant
from tests.broadcast.recipients import refs_of
from tests.broadcast.statements import statements_of
from tests.fixtures.types import MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

TEXT = "Hello {{first_name|you}}: https://shop.test/a and https://shop.test/b {{unsubscribe_url}}"
ROOMS = {
    "broadcast/content": "content",
    "broadcast/planning": "planning",
    "wallet/ledger": "ledger",
    "broadcast/lanes/hints.py": "lanes",
}
"""The packages of a launch below control. lanes/closed_zones.py only answers a precondition."""


def rooms_of(action: Callable[[], object]) -> list[str]:
    """The rooms whose functions an action called, in order, without repetitions in a row."""
    visited: list[str] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(BASE_DIR)):
            path = str(Path(frame.f_code.co_filename).relative_to(BASE_DIR))
            visited.extend(room for prefix, room in ROOMS.items() if path.startswith(prefix))

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return [room for room, _ in groupby(visited)]


class MakeDraft(Protocol):
    def __call__(
        self, *, recipients: Sequence[RecipientRef] | None = ..., **fields: Any
    ) -> Broadcast: ...


@pytest.fixture
def refs(rich: Wallet, bot: Sender, people: MakePeople) -> list[RecipientRef]:
    return refs_of(people(3))


@pytest.fixture
def drafted(tenant: Tenant, now: datetime, refs: list[RecipientRef]) -> MakeDraft:
    def make(*, recipients: Sequence[RecipientRef] | None = refs, **fields: Any) -> Broadcast:
        return lifecycle.create(
            tenant=tenant,
            actor=None,
            fields={"name": "News", "platform": "TELEGRAM", "text": TEXT, **fields},
            recipients=recipients,
            now=now,
        )

    return make


def test_a_launch_enters_each_package_once(
    tenant: Tenant, now: datetime, drafted: MakeDraft
) -> None:
    pk = drafted().pk
    visited = rooms_of(lambda: lifecycle.send(tenant=tenant, broadcast_id=pk, now=now))
    assert visited == ["content", "planning", "ledger", "lanes"]


def test_a_planned_audience_enters_each_package_once(
    tenant: Tenant, now: datetime, drafted: MakeDraft
) -> None:
    pk = drafted(recipients=None, audience={"all": True}).pk
    lifecycle.send(tenant=tenant, broadcast_id=pk, now=now)
    visited = rooms_of(lambda: lifecycle.finish_planning(broadcast_id=pk, now=now))
    assert visited == ["content", "planning", "ledger", "lanes"]


def test_statements_of_each_action(tenant: Tenant, now: datetime, drafted: MakeDraft) -> None:
    """None of these numbers depends on the number of recipients."""
    soon, later = now + timedelta(hours=1), now + timedelta(hours=2)
    by_name: dict[str, int] = {}

    def count(name: str, action: Callable[[], object]) -> None:
        by_name[name] = statements_of(action)

    count("create", drafted)
    count("create scheduled", lambda: drafted(scheduled_at=soon))
    quoted = drafted()
    count("estimate", lambda: estimate(broadcast=quoted, now=now))
    quote = estimate(broadcast=quoted, now=now).hash
    launch: dict[str, Any] = {"tenant": tenant, "now": now}
    count(
        "send as estimated",
        lambda: lifecycle.send(**launch, broadcast_id=quoted.pk, estimate_hash=quote),
    )
    pk = drafted().pk
    count("send", lambda: lifecycle.send(**launch, broadcast_id=pk))
    pk = drafted().pk
    count("schedule", lambda: lifecycle.schedule(**launch, broadcast_id=pk, at=soon))
    count("schedule again", lambda: lifecycle.schedule(**launch, broadcast_id=pk, at=later))
    count("send scheduled", lambda: lifecycle.send(**launch, broadcast_id=pk))
    pk = drafted(recipients=None, audience={"all": True}).pk
    count("send to an audience", lambda: lifecycle.send(**launch, broadcast_id=pk))
    count("plan an audience", lambda: lifecycle.finish_planning(broadcast_id=pk, now=now))
    assert by_name == {
        "create": 15,
        "create scheduled": 36,
        "estimate": 5,
        "send as estimated": 31,
        "send": 26,
        "schedule": 25,
        "schedule again": 7,
        "send scheduled": 8,
        "send to an audience": 9,
        "plan an audience": 25,
    }
