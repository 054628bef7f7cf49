"""Measures how many messages the provider still gets after a pause or cancel is answered."""

import json
import time
import urllib.request
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
"""Seconds of sending before a broadcast is halted."""
SETTLED = 2.0
"""Seconds from the API's answer until the provider's log is read."""
TO_CANCEL = 20_000
"""Recipients; each cancel needs a broadcast of its own."""


def measure_halting(big: Broadcast, *, web_url: str, stub_url: str) -> dict[str, Any]:
    """Pauses and cancels broadcasts; `big` must be under way and is cancelled at the end."""
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
    return {"pause": _summary(pauses), "cancel": _summary(cancels)}


def _sender(stub_url: str) -> Sender:
    case = Case(Platform.TELEGRAM)
    return sender_for(case, tenant=tenant_with(TO_CANCEL), stub_url=stub_url, lanes=2)


def _after(
    client: Client, broadcast_id: UUID, action: str, stub_url: str, account: str
) -> dict[str, float]:
    """The duration of the call, and how many messages arrived after its answer, for how long."""
    called = time.time()
    client.post(f"/broadcast/{broadcast_id}/{action}/")
    answered = time.time()
    time.sleep(SETTLED)
    times = _taken(stub_url, account)
    if not any(called - UNDER_WAY < taken_at <= answered for taken_at in times):
        raise RuntimeError(f"Nothing was being sent at the time of the {action}.")
    late = [taken_at - answered for taken_at in times if taken_at > answered]
    return {
        "call_seconds": round(answered - called, 3),
        "messages_after": len(late),
        "seconds_after": round(max(late, default=0.0), 3),
    }


def _summary(halts: list[dict[str, float]]) -> dict[str, Any]:
    return {
        "times": len(halts),
        "batch_size": settings.BROADCAST_BATCH_SIZE,
        "messages_after": [halt["messages_after"] for halt in halts],
        "most_seconds_after": max(halt["seconds_after"] for halt in halts),
        "slowest_call": max(halt["call_seconds"] for halt in halts),
    }


def _logged_in(web_url: str, tenant: Tenant) -> Client:
    email, password = f"{tenant.pk}@example.com", token_urlsafe()
    owner = User.objects.create_user(email, password)
    Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    client = Client(web_url)
    client.log_in(email, password)
    return client


def _taken(stub_url: str, account: str) -> list[float]:
    """The times at which the stub took the account's messages."""
    with urllib.request.urlopen(f"{stub_url}/log/{account}", timeout=30) as answer:  # noqa: S310
        return list(json.load(answer))
