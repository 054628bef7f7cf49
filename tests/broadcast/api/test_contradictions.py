"""Fields of a broadcast that contradict each other are refused when they are given."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.models import Broadcast
from channels.models import Sender
from contacts.models import Tag
from contacts.tagging import set_tags
from tenants.models import Tenant
from tests.factories import ContactFactory, WhatsAppSenderFactory
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

ALL = {"all": True}


@pytest.fixture
def contact(tenant: Tenant) -> str:
    return str(ContactFactory.create(tenant=tenant, telegram_chat_id=77).pk)


def body(**fields: Any) -> dict[str, Any]:
    return {"name": "N", "platform": "TELEGRAM", "text": "Hello", **fields}


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["attr"]


def hours(count: int) -> str:
    return (timezone.now() + timedelta(hours=count)).isoformat()


def test_a_draft_with_recipients_and_an_audience_is_refused(owner: APIClient, contact: str) -> None:
    answer = owner.post("/broadcast/", body(recipients=[contact], audience=ALL))

    assert refusal(answer) == (400, "audience")
    assert '"recipients": []' in answer.json()["errors"][0]["detail"]
    assert not Broadcast.objects.exists()


def test_the_estimate_refuses_the_same(owner: APIClient, bot: Sender, contact: str) -> None:
    both = body(recipients=[contact], audience=ALL)
    assert refusal(owner.post("/broadcast/estimate/", both)) == (400, "audience")


@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_edit_does_not_add_the_other_one(owner: APIClient, contact: str, method: str) -> None:
    named = owner.post("/broadcast/", body(recipients=[contact])).json()["id"]
    everybody = owner.post("/broadcast/", body(audience=ALL)).json()["id"]
    call = getattr(owner, method)

    assert refusal(call(f"/broadcast/{named}/", body(audience=ALL))) == (400, "audience")
    changed = call(f"/broadcast/{everybody}/", body(recipients=[contact]))
    assert refusal(changed) == (400, "audience")
    assert owner.get(f"/broadcast/{named}/").json()["audience"] is None
    assert owner.get(f"/broadcast/{everybody}/").json()["total"] == 0


def test_an_edit_changes_from_one_to_the_other(owner: APIClient, contact: str) -> None:
    url = f"/broadcast/{owner.post('/broadcast/', body(recipients=[contact])).json()['id']}/"

    to_audience = owner.patch(url, {"recipients": [], "audience": ALL}).json()
    back = owner.patch(url, {"recipients": [contact], "audience": None}).json()

    assert (to_audience["total"], to_audience["audience"]) == (0, ALL)
    assert (back["total"], back["audience"]) == (1, None)


def test_rows_that_were_planned_from_an_audience_go_with_it(
    owner: APIClient, tenant: Tenant, rich: Wallet, bot: Sender, contact: str
) -> None:
    now = timezone.now()
    broadcast_id = owner.post("/broadcast/", body(audience=ALL)).json()["id"]
    lifecycle.schedule(
        tenant=tenant, broadcast_id=broadcast_id, at=now + timedelta(days=1), now=now
    )
    lifecycle.finish_planning(broadcast_id=broadcast_id, now=now)
    url = f"/broadcast/{broadcast_id}/"
    assert owner.post(f"{url}unschedule/").json()["total"] == 1

    assert owner.patch(url, {"audience": None}).json()["total"] == 0
    assert refusal(owner.post(f"{url}send/")) == (400, "recipients")


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"expires_at": hours(-1)}, "expires_at"),
        ({"scheduled_at": hours(-1)}, "scheduled_at"),
        ({"scheduled_at": hours(2), "expires_at": hours(1)}, "expires_at"),
        ({"audience": {"all": True, "tags": {"any": ["vip"]}}}, "audience.non_field_errors"),
        ({"audience": {}}, "audience.non_field_errors"),
        ({"audience": {"tags": {"all": ["vip"], "none": ["vip"]}}}, "audience.tags"),
        ({"audience": {"tags": {"all": ["vip"], "none": ["VIP"]}}}, "audience.tags"),
        ({"audience": {"tags": {"any": ["vip"], "none": ["vip"]}}}, "audience.tags"),
        ({"audience": {"tags": {"any": []}}}, "audience.tags"),
    ],
)
def test_fields_that_no_launch_can_satisfy_are_refused(
    owner: APIClient, tenant: Tenant, bot: Sender, contact: str, fields: dict[str, Any], attr: str
) -> None:
    Tag.objects.create(tenant=tenant, name="vip")
    fields = fields if "audience" in fields else {**fields, "recipients": [contact]}

    status, named = refusal(owner.post("/broadcast/", body(**fields)))

    assert (status, named.removesuffix(".non_field_errors")) == (
        400,
        attr.removesuffix(".non_field_errors"),
    )


def test_a_sender_of_another_platform_is_refused(owner: APIClient, tenant: Tenant) -> None:
    whatsapp = WhatsAppSenderFactory.create(tenant=tenant)

    assert refusal(owner.post("/broadcast/", body(sender=str(whatsapp.pk)))) == (400, "sender")
    draft = owner.post("/broadcast/", body()).json()["id"]
    changed = owner.patch(f"/broadcast/{draft}/", {"sender": str(whatsapp.pk)})
    assert refusal(changed) == (400, "sender")


def test_an_edit_of_an_expired_draft_may_leave_its_end(owner: APIClient) -> None:
    draft = owner.post("/broadcast/", body(expires_at=hours(1))).json()["id"]
    Broadcast.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    url = f"/broadcast/{draft}/"

    assert owner.patch(url, {"name": "Other"}).status_code == 200
    assert refusal(owner.patch(url, {"expires_at": hours(-2)})) == (400, "expires_at")
    assert owner.patch(url, {"expires_at": None}).status_code == 200


def test_tags_that_only_narrow_each_other_are_taken(owner: APIClient, tenant: Tenant) -> None:
    person = ContactFactory.create(tenant=tenant)
    set_tags(contact=person, names=["vip", "new"])
    tags = {"any": ["vip", "new"], "none": ["new"]}

    assert owner.post("/broadcast/", body(audience={"tags": tags})).status_code == 201
