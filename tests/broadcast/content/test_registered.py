"""Texts that go out by a registered template: refused without it, filled in per recipient."""

from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from api.errors import InvalidInput
from broadcast.content import checking as content
from broadcast.content.checking import content_of
from broadcast.content.links import link_positions, register_links
from broadcast.content.rendering import Renderer
from broadcast.models import Broadcast
from channels.platforms import Platform
from channels.port.messages import TextContent
from tenants.models import Tenant
from tests.factories import BroadcastFactory, SenderFactory
from tracking.models import TrackedURL

pytestmark = pytest.mark.django_db


def broadcast_over(provider: str, **fields: Any) -> Broadcast:
    broadcast: Broadcast = BroadcastFactory.create(platform=Platform.SMS, **fields)
    broadcast.sender = SenderFactory.create(
        tenant=broadcast.tenant, platform=Platform.SMS, provider=provider
    )
    return broadcast


def test_a_text_without_its_template_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        content.check_content(broadcast_over("msg91"))
    assert refused.value.attr == "provider_template_id"


RESERVED = "Your number is {{mobiles|none}}"


@pytest.mark.parametrize("name", ["mobiles", "CRQID"])
def test_a_variable_called_like_a_field_of_the_provider_is_refused(name: str) -> None:
    text = RESERVED.replace("mobiles", name)
    with pytest.raises(InvalidInput) as refused:
        content.check_content(broadcast_over("msg91", provider_template_id="64f0", text=text))
    assert refused.value.attr == "text"
    assert name in str(refused.value.detail)
    content.check_content(broadcast_over("twilio", text=text))


def test_it_is_refused_as_soon_as_the_sender_is_known(manager: APIClient, tenant: Tenant) -> None:
    sender = SenderFactory.create(tenant=tenant, platform=Platform.SMS, provider="msg91")
    body = {"name": "News", "platform": "SMS", "text": RESERVED, "provider_template_id": "64f0"}
    answer = manager.post("/broadcast/", {**body, "sender": str(sender.pk)})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "text"
    created = manager.post("/broadcast/", body)
    assert created.status_code == 201
    named = manager.patch(f"/broadcast/{created.data['id']}/", {"sender": str(sender.pk)})
    assert named.status_code == 400
    assert Broadcast.objects.get().sender_id is None


@pytest.mark.parametrize(
    ("provider", "template_id"), [("msg91", "64f0"), ("vonage", ""), ("twilio", "")]
)
def test_what_can_be_sent_is_taken(provider: str, template_id: str) -> None:
    content.check_content(broadcast_over(provider, provider_template_id=template_id))


def test_every_variable_of_the_text_goes_with_its_default() -> None:
    broadcast = broadcast_over(
        "msg91", provider_template_id="64f0", text="{{first_name|there}}, {{city}}: {{code|}}"
    )
    renderer = Renderer(content_of(broadcast, links={}))
    content_sent = renderer.message(
        message_id=UUID(int=1), address="+919876543210", token=1, variables={"city": "Pune"}
    ).content
    assert isinstance(content_sent, TextContent)
    assert content_sent.template_id == "64f0"
    assert content_sent.variables == {"first_name": "there", "city": "Pune", "code": ""}
    assert content_sent.text == "there, Pune: "


def test_an_unsubscribe_link_is_a_variable_like_others() -> None:
    broadcast = broadcast_over("msg91", provider_template_id="64f0", text="{{unsubscribe_url}}")
    renderer = Renderer(content_of(broadcast, links={}))
    content_sent = renderer.message(
        message_id=UUID(int=1), address="+91", token=1, variables={}
    ).content
    assert isinstance(content_sent, TextContent)
    assert content_sent.variables["unsubscribe_url"].startswith("http")
    assert content_sent.text == content_sent.variables["unsubscribe_url"]


@pytest.mark.parametrize(("provider", "tracked"), [("msg91", 0), ("vonage", 1)])
def test_links_of_a_template_are_not_ours_to_track(provider: str, tracked: int) -> None:
    broadcast = broadcast_over(provider, text="See https://shop.test/sale", track_urls=True)
    register_links(broadcast, link_positions(broadcast))
    assert TrackedURL.objects.filter(broadcast=broadcast).count() == tracked
