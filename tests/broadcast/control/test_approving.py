"""Above the tenant's thresholds a second person must approve a broadcast."""

from datetime import datetime
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.errors import ApprovalRequired
from broadcast.models import Broadcast
from channels.models import Sender
from contacts.models import Contact
from tenants.models import Role, Tenant
from tests.broadcast.recipients import ids_of
from tests.fixtures.api import MakeClient
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def strict(tenant: Tenant, rich: Wallet, bot: Sender) -> Tenant:
    """A tenant that requires approval above 2 recipients or 0.05."""
    tenant.approval_recipients, tenant.approval_amount = 2, Decimal("0.05")
    tenant.save()
    return tenant


def created(client: APIClient, contacts: list[Contact]) -> str:
    """The URL of a new broadcast to these contacts."""
    body = {
        "name": "News",
        "platform": "TELEGRAM",
        "text": "Hello",
        "recipients": ids_of(contacts),
    }
    return f"/broadcast/{client.post('/broadcast/', body).data['id']}"


def test_above_the_threshold_nothing_goes_out_without_it(
    strict: Tenant, manager: APIClient, people: MakePeople, rich: Wallet
) -> None:
    url = created(manager, people(3))
    for action, body in (("send", {}), ("schedule", {"scheduled_at": "2099-01-01T10:00:00Z"})):
        answer = manager.post(f"{url}/{action}/", body)
        assert answer.status_code == 409
        error = answer.json()["errors"][0]
        assert error["code"] == "approval_required"
        assert error["data"] == {
            "recipients": 3,
            "amount": "0.060000",
            "currency": strict.currency,
            "approval_recipients": 2,
            "approval_amount": "0.050000",
        }
    rich.refresh_from_db()
    assert Broadcast.objects.get().status == "DRAFT"
    assert rich.held == 0


def test_at_the_threshold_none_is_needed(
    strict: Tenant, manager: APIClient, people: MakePeople
) -> None:
    assert manager.post(f"{created(manager, people(2))}/send/").data["status"] == "QUEUED"


def test_the_amount_alone_asks_for_it_too(
    strict: Tenant, manager: APIClient, people: MakePeople
) -> None:
    Sender.objects.update(marketing_price=Decimal("0.03"))
    answer = manager.post(f"{created(manager, people(2))}/send/")
    assert answer.json()["errors"][0]["code"] == "approval_required"


def test_the_author_cannot_approve_but_somebody_else_can(
    strict: Tenant,
    manager: APIClient,
    owner: APIClient,
    viewer: APIClient,
    outsider: APIClient,
    people: MakePeople,
) -> None:
    url = created(manager, people(3))
    own = manager.post(f"{url}/approve/")
    assert (own.status_code, own.json()["errors"][0]["code"]) == (409, "own_approval")
    assert viewer.post(f"{url}/approve/").status_code == 403
    assert outsider.post(f"{url}/approve/").status_code == 404
    approved = owner.post(f"{url}/approve/")
    assert approved.status_code == 200
    assert approved.data["approved_at"] is not None
    assert approved.data["approved_recipients"] is None  # a fixed list cannot grow
    assert manager.post(f"{url}/send/").data["status"] == "QUEUED"


def test_who_changes_it_cannot_approve_the_change(
    strict: Tenant, manager: APIClient, api: MakeClient, people: MakePeople
) -> None:
    url = created(manager, people(3))
    editor = api(Role.MANAGER)
    assert editor.patch(f"{url}/", {"text": "Other"}).status_code == 200
    assert editor.post(f"{url}/approve/").status_code == 409
    assert api(Role.MANAGER).post(f"{url}/approve/").status_code == 200


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"name": "Other"}, True),
        ({"expires_at": "2099-01-01T10:00:00Z"}, True),
        ({"text": "Hello"}, True),
        ({"text": "Other"}, False),
        ({"audience": {"all": True}, "recipients": []}, False),
        ({"track_urls": False}, False),
        ({"media": {"kind": "image", "url": "https://shop.example/a.png"}}, False),
        ({"recipients": []}, False),
    ],
)
def test_a_change_of_content_or_audience_takes_it_back(
    strict: Tenant,
    manager: APIClient,
    owner: APIClient,
    people: MakePeople,
    change: dict[str, object],
    stays: bool,
) -> None:
    url = created(manager, people(3))
    owner.post(f"{url}/approve/")
    answer = manager.patch(f"{url}/", change)
    assert answer.status_code == 200
    assert (answer.data["approved_at"] is not None) == stays


def test_a_change_of_a_scheduled_one_is_refused_until_it_is_approved_anew(
    strict: Tenant, manager: APIClient, owner: APIClient, people: MakePeople
) -> None:
    url = created(manager, people(3))
    owner.post(f"{url}/approve/")
    manager.post(f"{url}/schedule/", {"scheduled_at": "2099-01-01T10:00:00Z"})
    refused = manager.patch(f"{url}/", {"text": "Other"})
    assert refused.json()["errors"][0]["code"] == "approval_required"
    assert manager.get(f"{url}/").data["text"] == "Hello"


def test_an_audience_is_judged_before_it_is_planned(
    strict: Tenant, manager: APIClient, people: MakePeople
) -> None:
    people(3)
    url = to_all(manager)
    answer = manager.post(f"{url}/send/")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "approval_required")
    assert Broadcast.objects.get().planning_at is None


def test_an_audience_that_grows_while_it_is_planned_goes_back_to_draft(
    strict: Tenant, manager: APIClient, people: MakePeople, now: datetime
) -> None:
    people(2)
    url = to_all(manager)
    assert manager.post(f"{url}/send/").status_code == 202
    people(1)
    broadcast = Broadcast.objects.get()
    lifecycle.finish_planning(broadcast_id=broadcast.pk, now=now)
    broadcast.refresh_from_db()
    assert (broadcast.status, broadcast.planning_at) == ("DRAFT", None)
    assert "approve" in broadcast.status_reason


def test_what_was_sent_needs_none(
    tenant: Tenant,
    rich: Wallet,
    bot: Sender,
    manager: APIClient,
    owner: APIClient,
    people: MakePeople,
) -> None:
    url = created(manager, people(1))
    manager.post(f"{url}/send/")
    assert owner.post(f"{url}/approve/").status_code == 409


def test_the_domain_names_the_refusal(
    strict: Tenant, draft: MakeBroadcast, people: MakePeople, now: datetime
) -> None:
    with pytest.raises(ApprovalRequired):
        lifecycle.send(tenant=strict, broadcast_id=draft(people(3)).pk, now=now)


def test_who_wrote_a_part_stays_an_author_when_others_go_on(
    strict: Tenant, manager: APIClient, api: MakeClient, people: MakePeople, now: datetime
) -> None:
    """The later editor is another person, or a program without a known owner."""
    url = created(manager, people(3))
    first, second = api(Role.MANAGER), api(Role.MANAGER)
    first.patch(f"{url}/", {"text": "Other"})
    second.patch(f"{url}/", {"text": "Another"})
    broadcast = Broadcast.objects.get()
    lifecycle.edit(
        tenant=strict, broadcast_id=broadcast.pk, fields={"text": "4"}, recipients=None, now=now
    )
    for author in (manager, first, second):
        assert author.post(f"{url}/approve/").json()["errors"][0]["code"] == "own_approval"
    assert api(Role.MANAGER).post(f"{url}/approve/").status_code == 200


def to_all(client: APIClient) -> str:
    """The URL of a new broadcast to the audience of all contacts."""
    body = {"name": "All", "platform": "TELEGRAM", "text": "Hi", "audience": {"all": True}}
    return f"/broadcast/{client.post('/broadcast/', body).data['id']}"


def test_an_audience_that_has_grown_since_needs_another_yes(
    strict: Tenant, manager: APIClient, owner: APIClient, people: MakePeople
) -> None:
    people(3)
    url = to_all(manager)
    assert owner.post(f"{url}/approve/").data["approved_recipients"] == 3
    people(1)
    refused = manager.post(f"{url}/send/")
    error = refused.json()["errors"][0]
    assert (refused.status_code, error["code"]) == (409, "approval_required")
    assert error["data"]["recipients"] == 4
    assert "grown" in error["detail"]
    assert manager.post(f"{url}/approve/").status_code == 409
    assert owner.post(f"{url}/approve/").data["approved_recipients"] == 4
    assert manager.post(f"{url}/send/").status_code == 202


def test_one_that_grows_between_its_start_and_its_plan_goes_back_to_draft(
    strict: Tenant, manager: APIClient, owner: APIClient, people: MakePeople, now: datetime
) -> None:
    people(3)
    url = to_all(manager)
    owner.post(f"{url}/approve/")
    assert manager.post(f"{url}/send/").status_code == 202
    people(1)
    broadcast = Broadcast.objects.get()
    lifecycle.finish_planning(broadcast_id=broadcast.pk, now=now)
    broadcast.refresh_from_db()
    assert broadcast.status == "DRAFT"
    assert "grown" in broadcast.status_reason
    owner.post(f"{url}/approve/")
    manager.post(f"{url}/send/")
    lifecycle.finish_planning(broadcast_id=broadcast.pk, now=now)
    broadcast.refresh_from_db()
    assert broadcast.status == "QUEUED"


def test_one_that_has_not_grown_needs_none(
    strict: Tenant, manager: APIClient, owner: APIClient, people: MakePeople, now: datetime
) -> None:
    gone = people(3)[0]
    url = to_all(manager)
    owner.post(f"{url}/approve/")
    gone.delete()
    people(1)
    assert manager.post(f"{url}/send/").status_code == 202
    lifecycle.finish_planning(broadcast_id=Broadcast.objects.get().pk, now=now)
    assert Broadcast.objects.get().status == "QUEUED"
