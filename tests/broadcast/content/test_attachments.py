"""Media and buttons: refused before a message is sent, or rendered for each recipient."""

from typing import Any

import pytest

from api.errors import InvalidInput
from broadcast.content import attachments
from broadcast.content import checking as content
from broadcast.content.checking import content_of
from broadcast.content.links import link_positions, register_links
from broadcast.content.rendering import Renderer
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import Platform
from channels.port.messages import Button, ButtonKind, Media, ParameterKind, TextContent
from sandbox.running import RunningSandbox
from tests.factories import BroadcastFactory, SenderFactory
from tests.fixtures.types import MakePeople, SendBroadcast
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
PICTURE = {"kind": "image", "url": "https://cdn.test/{{first_name}}.png"}
SHOP = {"kind": "url", "text": "Shop", "value": "https://shop.test/{{first_name}}"}
PDF = {"kind": "document", "url": "https://a.test/a.pdf"}
YES = {"kind": "reply", "text": "Yes", "value": "yes"}
PROVIDERS = {
    Platform.WHATSAPP: "meta_cloud",
    Platform.TELEGRAM: "telegram_bot",
    Platform.SMS: "twilio",
    Platform.RCS: "google_rbm",
}


def broadcast_over(platform: Platform, **fields: Any) -> Broadcast:
    broadcast: Broadcast = BroadcastFactory.create(platform=platform, **fields)
    broadcast.sender = SenderFactory.create(
        tenant=broadcast.tenant, platform=platform, provider=PROVIDERS[platform]
    )
    return broadcast


@pytest.mark.parametrize(
    ("platform", "fields", "attr"),
    [
        (Platform.RCS, {"media": PDF, "text": "The menu"}, "text"),
        (Platform.RCS, {"media": PDF | {"url": "ftp://a.test/a.pdf"}, "text": ""}, "media"),
        (Platform.TELEGRAM, {"media": {"kind": "image", "url": "file:///etc/passwd"}}, "media"),
        (Platform.SMS, {"buttons": [SHOP]}, "buttons"),
        (Platform.TELEGRAM, {"buttons": [SHOP | {"kind": "call"}]}, "buttons"),
        (Platform.TELEGRAM, {"buttons": [SHOP | {"value": "tel:+4930123456"}]}, "buttons"),
        (Platform.TELEGRAM, {"buttons": [YES | {"value": "y" * 65}]}, "buttons"),
        (Platform.TELEGRAM, {"buttons": [YES | {"value": "é" * 33 + "{{first_name}}"}]}, "buttons"),
        (Platform.RCS, {"buttons": [SHOP | {"value": "javascript:alert(1)"}]}, "buttons"),
        (Platform.TELEGRAM, {"buttons": [SHOP] * 11}, "buttons"),
        (Platform.RCS, {"buttons": [SHOP | {"text": "x" * 26}]}, "buttons"),
        (Platform.RCS, {"buttons": [SHOP | {"text": " "}]}, "buttons"),
        (Platform.RCS, {"buttons": [SHOP | {"value": ""}]}, "buttons"),
        (Platform.RCS, {"buttons": [SHOP | {"value": "https://a.test/{{oops"}]}, "buttons"),
        (Platform.TELEGRAM, {"media": PICTURE, "text": "x" * 1025}, "text"),
        (Platform.RCS, {"media": PICTURE, "text": "x" * 2001}, "text"),
        (Platform.SMS, {"text": "x" * 1601}, "text"),
        (Platform.SMS, {"text": "bell\a"}, "text"),
        (Platform.SMS, {"text": " "}, "text"),
    ],
)
def test_what_the_provider_would_refuse_is_refused_first(
    platform: Platform, fields: dict[str, Any], attr: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        content.check_content(broadcast_over(platform, **fields))
    assert refused.value.attr == attr


@pytest.mark.parametrize("fields", [{"media": PICTURE}, {"buttons": [SHOP]}])
def test_over_whatsapp_they_are_the_templates(fields: dict[str, Any]) -> None:
    broadcast = broadcast_over(Platform.WHATSAPP, **fields)
    assert broadcast.sender is not None
    with pytest.raises(InvalidInput, match="template_params"):
        attachments.check_attachments(broadcast, broadcast.sender)


@pytest.mark.parametrize(
    ("platform", "fields"),
    [
        (Platform.TELEGRAM, {"media": PICTURE, "buttons": [SHOP] * 10, "text": "x" * 1024}),
        (Platform.TELEGRAM, {"media": PICTURE, "text": ""}),
        (Platform.TELEGRAM, {"media": PDF, "text": "The menu"}),
        (Platform.RCS, {"media": PDF, "text": "", "buttons": [SHOP, YES]}),
        (Platform.TELEGRAM, {"buttons": [YES, YES | {"value": "y" * 64}, SHOP]}),
        (Platform.TELEGRAM, {"buttons": [SHOP | {"value": "{{url|https://a.test}}"}]}),
        (Platform.TELEGRAM, {"buttons": [SHOP | {"value": "tg://resolve?domain=shop"}]}),
        (Platform.SMS, {"media": PICTURE, "text": "x" * 1600}),
        (Platform.RCS, {"media": PICTURE, "buttons": [SHOP] * 11, "text": "x" * 2000}),
    ],
)
def test_what_the_provider_takes_is_taken(platform: Platform, fields: dict[str, Any]) -> None:
    content.check_content(broadcast_over(platform, **fields))


def test_media_and_buttons_are_rendered_for_each_recipient() -> None:
    broadcast = broadcast_over(
        Platform.TELEGRAM, media=PICTURE, buttons=[SHOP], text="Hi", provider_template_id="HX1"
    )
    assert content_of(broadcast).variables.names == ("first_name",)
    renderer = Renderer(content_of(broadcast, links={}))
    message = renderer.message(
        message_id=broadcast.pk, address="42", token=1, variables={"first_name": "Ana"}
    )
    assert message.content == TextContent(
        "Hi",
        media=Media(ParameterKind.IMAGE, "https://cdn.test/Ana.png"),
        buttons=(Button(ButtonKind.URL, "Shop", "https://shop.test/Ana"),),
        template_id="HX1",
        variables={"first_name": "Ana"},
    )


def test_a_buttons_url_is_tracked() -> None:
    fixed = SHOP | {"value": "https://shop.test/sale"}
    broadcast = broadcast_over(Platform.TELEGRAM, media=PICTURE, buttons=[fixed], text="Hi")
    register_links(broadcast, link_positions(broadcast))
    assert [link.url for link in broadcast.tracked_urls.all()] == ["https://shop.test/sale"]
    renderer = Renderer(content_of(broadcast, links={"https://shop.test/sale": 0}))
    message = renderer.message(message_id=broadcast.pk, address="42", token=1, variables={})
    assert isinstance(message.content, TextContent)
    assert message.content.buttons[0].value.startswith("http://localhost:8000/r/")


def test_a_picture_goes_out(
    sent: SendBroadcast,
    people: MakePeople,
    bot: Sender,
    rich: Wallet,
    sandbox: RunningSandbox,
) -> None:
    broadcast = sent(people(3), media=PICTURE, buttons=[SHOP], text="Hello")
    assert broadcast.counters.sent == 3
