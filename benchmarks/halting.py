"""How soon a pause and a cancel hold: what reached the provider after the API had answered."""

import json
import time
import urllib.request
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from django.conf import settings

from benchmarks.scene import Case, planned, send, sender_for, tenant_with
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import Platform
from demo.client import Client
from tenants.models import Membership, Role, Tenant, User

ROUNDS = 5
UNDER_WAY = 1.5
"""Seconds that a broadcast is sent before it is halted."""
SETTLED = 2.0
"""Seconds after the answer until the provider is asked what it has taken."""
TO_CANCEL = 20_000
"""Recipients; each cancel needs a broadcast of its own."""


def halted(big: Broadcast, *, web_url: str, stub_url: str) -> dict[str, Any]:
    """`big` is being sent; at the end it is cancelled."""
    assert big.sender is not None
    client = _logged_in(web_url, big.tenant)
    accounts = {big.pk: big.sender.account_id}
    pauses = []
    for _ in range(ROUNDS):
        pauses.append(_after(client, big.pk, "pause", stub_url, accounts[big.pk]))
        client.post(f"/broadcast/{big.pk}/resume/")
        time.sleep(UNDER_WAY)
    cancels = [_after(client, big.pk, "cancel", stub_url, accounts[big.pk])]
    sender = _sender(stub_url)
    client = _logged_in(web_url, sender.tenant)
    for _ in range(ROUNDS - 1):
        small = planned(Case(Platform.TELEGRAM), sender=sender)
        send(small)
        time.sleep(UNDER_WAY)
        cancels.append(_after(client, small.pk, "cancel", stub_url, sender.account_id))
    return {"pause": _told(pauses), "cancel": _told(cancels)}


def _sender(stub_url: str) -> Sender:
    case = Case(Platform.TELEGRAM)
    return sender_for(case, tenant=tenant_with(TO_CANCEL), stub_url=stub_url, lanes=2)


def _after(
    client: Client, broadcast_id: UUID, what: str, stub_url: str, account: str
) -> dict[str, float]:
    """The call's own seconds, and what was taken after its answer: how many, for how long."""
    called = time.time()
    client.post(f"/broadcast/{broadcast_id}/{what}/")
    answered = time.time()
    time.sleep(SETTLED)
    times = _taken(stub_url, account)
    if not any(called - UNDER_WAY < each <= answered for each in times):
        raise RuntimeError(f"Nothing was being sent when it was told to {what}.")
    late = [each - answered for each in times if each > answered]
    return {
        "call_seconds": round(answered - called, 3),
        "messages_after": len(late),
        "seconds_after": round(max(late, default=0.0), 3),
    }


def _told(measured: list[dict[str, float]]) -> dict[str, Any]:
    most: Callable[[str], float] = lambda name: max(each[name] for each in measured)  # noqa: E731
    return {
        "times": len(measured),
        "batch_size": settings.BROADCAST_BATCH_SIZE,
        "messages_after": [each["messages_after"] for each in measured],
        "most_seconds_after": most("seconds_after"),
        "slowest_call": most("call_seconds"),
    }


def _logged_in(web_url: str, tenant: Tenant) -> Client:
    email, password = f"{tenant.pk}@example.com", token_urlsafe()
    owner = User.objects.create_user(email, password)
    Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    client = Client(web_url)
    client.log_in(email, password)
    return client


def _taken(stub_url: str, account: str) -> list[float]:
    with urllib.request.urlopen(f"{stub_url}/log/{account}", timeout=30) as answer:  # noqa: S310
        return list(json.load(answer))
