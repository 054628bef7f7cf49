"""Requests of the WhatsApp Cloud API."""

from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from channels.port.messages import (
    Button,
    ButtonKind,
    ButtonParameter,
    Card,
    Media,
    Parameter,
    ParameterKind,
    TemplateContent,
    TextContent,
)
from channels.providers.meta.adapter import MetaCloud
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import MESSAGE_ID, account, template, text

META = MetaCloud()

FULL = TemplateContent(
    name="summer_sale",
    language="en_US",
    header=(Parameter("https://cdn.test/sale.jpg", kind=ParameterKind.IMAGE),),
    body=(Parameter("Ana"), Parameter("20 %")),
    buttons=(ButtonParameter(0, "abc123"), ButtonParameter(1, "SAVE20", sub_type="copy_code")),
)
NAMED = TemplateContent("welcome", "de", body=(Parameter("Ana", name="first_name"),))


def test_a_template_with_everything() -> None:
    request = META.send_request(account("meta_cloud"), template(FULL))
    assert request.url == "https://provider.test/v23.0/106540352242922/messages"
    assert request.headers == {"Authorization": "Bearer EAA-secret"}
    assert request.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "16505551234",
        "biz_opaque_callback_data": str(MESSAGE_ID),
        "type": "template",
        "template": {
            "name": "summer_sale",
            "language": {"code": "en_US"},
            "components": [
                {
                    "type": "header",
                    "parameters": [
                        {"type": "image", "image": {"link": "https://cdn.test/sale.jpg"}}
                    ],
                },
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "text": "Ana"},
                        {"type": "text", "text": "20 %"},
                    ],
                },
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "0",
                    "parameters": [{"type": "text", "text": "abc123"}],
                },
                {
                    "type": "button",
                    "sub_type": "copy_code",
                    "index": "1",
                    "parameters": [{"type": "coupon_code", "coupon_code": "SAVE20"}],
                },
            ],
        },
    }


def test_named_parameters_carry_their_name() -> None:
    body = META.send_request(account("meta_cloud"), template(NAMED)).json
    parameter = {"type": "text", "parameter_name": "first_name", "text": "Ana"}
    assert body["template"]["components"] == [{"type": "body", "parameters": [parameter]}]


def test_a_template_without_parameters_has_no_components() -> None:
    body = META.send_request(account("meta_cloud"), template(TemplateContent("hi", "en"))).json
    assert body["template"] == {"name": "hi", "language": {"code": "en"}}


def test_a_carousel_has_its_cards_in_order() -> None:
    picture = Parameter("https://cdn.test/1.jpg", kind=ParameterKind.IMAGE)
    card = Card(header=(picture,), body=(Parameter("Shoes"),), buttons=(ButtonParameter(0, "a"),))
    content = TemplateContent("t", "en", body=(Parameter("Ana"),), cards=(card, Card()))
    body = META.send_request(account("meta_cloud"), template(content)).json
    body_component, carousel = body["template"]["components"]
    assert body_component == {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}
    assert carousel == {
        "type": "carousel",
        "cards": [
            {
                "card_index": 0,
                "components": [
                    {
                        "type": "header",
                        "parameters": [
                            {"type": "image", "image": {"link": "https://cdn.test/1.jpg"}}
                        ],
                    },
                    {"type": "body", "parameters": [{"type": "text", "text": "Shoes"}]},
                    {
                        "type": "button",
                        "sub_type": "url",
                        "index": "0",
                        "parameters": [{"type": "text", "text": "a"}],
                    },
                ],
            },
            {"card_index": 1, "components": []},
        ],
    }


def test_a_captioned_medium() -> None:
    media = Media(ParameterKind.DOCUMENT, "https://c.test/menu.pdf", filename="Menu.pdf")
    content = TextContent("The menu", media=media)
    body = META.send_request(account("meta_cloud"), replace(text(), content=content)).json
    assert body["type"] == "document"
    assert body["document"] == {
        "link": "https://c.test/menu.pdf",
        "filename": "Menu.pdf",
        "caption": "The menu",
    }


def test_buttons_under_a_text_are_not_built() -> None:
    content = TextContent("Hi", buttons=(Button(ButtonKind.URL, "Shop", "https://a.test"),))
    with pytest.raises(ValueError, match="templates only"):
        META.send_request(account("meta_cloud"), replace(text(), content=content))


@pytest.mark.parametrize(
    ("kind", "value", "media"),
    [
        (ParameterKind.VIDEO, "https://c.test/a.mp4", {"link": "https://c.test/a.mp4"}),
        (ParameterKind.IMAGE, "1013859600285441", {"id": "1013859600285441"}),
        (
            ParameterKind.DOCUMENT,
            "https://c.test/d/menu.pdf?v=2",
            {"link": "https://c.test/d/menu.pdf?v=2", "filename": "menu.pdf"},
        ),
    ],
)
def test_media_in_the_header(kind: ParameterKind, value: str, media: dict[str, str]) -> None:
    content = TemplateContent("t", "en", header=(Parameter(value, kind=kind),))
    body = META.send_request(account("meta_cloud"), template(content)).json
    parameter = body["template"]["components"][0]["parameters"][0]
    assert parameter == {"type": kind.value, kind.value: media}


def test_an_account_id_cannot_leave_its_place_in_the_path() -> None:
    sender = replace(account("meta_cloud"), account_id="1/../2?x=")
    url = META.send_request(sender, text()).url
    assert url == "https://provider.test/v23.0/1%2F..%2F2%3Fx%3D/messages"


def test_a_text() -> None:
    body = META.send_request(account("meta_cloud"), text("Hi", to="+49301234567")).json
    assert (body["to"], body["type"]) == ("49301234567", "text")
    assert body["text"] == {"body": "Hi", "preview_url": False}


# Names of the schemas of a message's parts in Meta's own OpenAPI document.
PARTS = {"header": "HeaderComponent", "body": "BodyComponent", "button": "ButtonComponent"}
VALUES = {"image": "ImageParameter", "text": "TextParameter", "document": "DocumentParameter"}


@pytest.mark.parametrize("message", [template(FULL), template(NAMED), text("Hi", to="+16505551")])
def test_requests_keep_to_the_published_schema(message: Any) -> None:
    spec = load("specs/meta_whatsapp_cloud_v23.json")
    body = META.send_request(account("meta_cloud"), message).json
    validate(spec, "TemplateMessage" if body["type"] == "template" else "TextMessage", body)
    for component in body.get("template", {}).get("components", []):
        if component.get("sub_type") == "copy_code":
            continue  # Meta's document lacks coupon_code in its list of button parameters
        validate(spec, PARTS[component["type"]], component)
        if component["type"] != "button":
            for value in component["parameters"]:
                validate(spec, VALUES[value["type"]], value)


def validate(spec: dict[str, Any], name: str, value: Any) -> None:
    root = {"components": spec["components"], "$ref": f"#/components/schemas/{name}"}
    jsonschema.Draft202012Validator(root).validate(value)
