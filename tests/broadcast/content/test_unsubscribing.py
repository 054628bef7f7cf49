"""A recipient's own link: opening its page changes nothing, the button opts the recipient out."""

import pytest
from django.test import Client

from broadcast.content.checking import content_of
from broadcast.content.rendering import Renderer
from broadcast.content.variables import variables_of
from broadcast.models import BroadcastMessage
from channels.models import Sender
from channels.port.messages import TextContent
from contacts.models import Suppression
from tests.factories import BroadcastMessageFactory
from tracking.links import unsubscribe_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> BroadcastMessage:
    return BroadcastMessageFactory.create(address="100001")


def path_of(message: BroadcastMessage) -> str:
    return "/u/" + unsubscribe_link(token=message.token).split("/u/")[1]


def test_looking_at_the_page_changes_nothing(client: Client, message: BroadcastMessage) -> None:
    answer = client.get(path_of(message))
    assert answer.status_code == 200
    assert message.tenant.name in answer.text
    assert "100001" not in answer.text
    assert not Suppression.objects.exists()


def test_one_post_suppresses_marketing_on_this_platform(
    client: Client, message: BroadcastMessage
) -> None:
    for _ in range(2):
        answer = client.post(path_of(message).rstrip("/"), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    suppression = Suppression.objects.get()
    assert (suppression.tenant, suppression.address) == (message.tenant, "100001")
    assert (suppression.platform, suppression.scope) == ("TELEGRAM", "MARKETING")
    assert suppression.source == "RECIPIENT"


@pytest.mark.parametrize("code", ["0", "zzzzzzzzzzzz", "a" * 16])
def test_an_unknown_code_is_not_found(client: Client, code: str) -> None:
    assert client.get(f"/u/{code}/").status_code == 404
    assert client.post(f"/u/{code}/").status_code == 404


def test_the_variable_is_filled_in_for_each_recipient_and_asked_of_nobody(
    message: BroadcastMessage,
) -> None:
    message.broadcast.text = "Sale! No more: {{unsubscribe_url}}"
    message.broadcast.sender = Sender()
    assert variables_of([message.broadcast.text]).names == ()
    renderer = Renderer(content_of(message.broadcast, links={}))
    rendered = renderer.message(
        message_id=message.pk, address="1", token=message.token, variables={}
    )
    assert isinstance(rendered.content, TextContent)
    assert rendered.content.text == f"Sale! No more: {unsubscribe_link(token=message.token)}"
