"""A call that starts the planning of an audience answers 202, whichever call it is."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tenants.models import Tenant
from tests.factories import ContactFactory, SenderFactory

BODY = {"name": "May", "platform": "TELEGRAM", "text": "Hello", "audience": {"all": True}}
LATER = "2031-07-01T10:00:00Z"


@pytest.fixture
def draft(owner: APIClient, tenant: Tenant) -> str:
    SenderFactory.create(
        tenant=tenant, platform="TELEGRAM", provider="telegram_bot", is_default=True
    )
    ContactFactory.create(tenant=tenant, telegram_chat_id=42)
    made = owner.post("/broadcast/", BODY)
    assert made.status_code == 201
    return str(made.json()["id"])


@pytest.mark.parametrize(
    ("method", "action", "body"),
    [
        ("patch", "", {"scheduled_at": LATER}),
        ("put", "", {**BODY, "scheduled_at": LATER}),
        ("post", "schedule/", {"scheduled_at": LATER}),
        ("post", "send/", {}),
    ],
)
def test_the_answer_is_202_while_the_audience_is_planned(
    owner: APIClient, draft: str, method: str, action: str, body: dict[str, Any]
) -> None:
    answer = getattr(owner, method)(f"/broadcast/{draft}/{action}", body)

    assert answer.status_code == 202, answer.content
    assert answer.json()["planning_at"] is not None
    assert answer.json()["audience"] == {"all": True}


def test_a_new_broadcast_with_a_time_is_planned_too(owner: APIClient, draft: str) -> None:
    answer = owner.post("/broadcast/", {**BODY, "scheduled_at": LATER})

    assert answer.status_code == 202
