"""`/templates/` with carousels, as clients see them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from broadcast.content.links import static_texts
from channels.models import TenantWAApp
from templates_wa.models import WhatsAppTemplate
from tenants.models import Tenant
from tests.factories import BroadcastFactory, SenderFactory, TemplateFactory, WhatsAppSenderFactory

REPLY = {"type": "QUICK_REPLY", "text": "Not for me"}
LOOK = {"type": "URL", "text": "Look", "url": "https://shop.example/{{1}}"}
Card = dict[str, Any]


def card(**fields: Any) -> Card:
    return {"header_format": "IMAGE", "body": "For {{1}}", "buttons": [REPLY, LOOK], **fields}


def plants(app: TenantWAApp, **fields: Any) -> dict[str, Any]:
    return {
        "app": str(app.pk),
        "name": "plants",
        "language": "en_US",
        "body": "Hello {{1}}, look.",
        "cards": [card(), card()],
        "examples": {"1": "Ana"},
        **fields,
    }


def test_a_carousel_is_written_and_read(owner: APIClient, app: TenantWAApp) -> None:
    answer = owner.post("/templates/", plants(app))

    assert answer.status_code == 201, answer.json()
    assert answer.json()["cards"] == [card(), card()]
    assert answer.json()["parameters"] == [
        "1",
        "card_0_header_media",
        "card_0_1",
        "card_0_button_1",
        "card_1_header_media",
        "card_1_1",
        "card_1_button_1",
    ]


def test_a_card_without_body_and_buttons(owner: APIClient, app: TenantWAApp) -> None:
    bare = {"header_format": "VIDEO"}

    answer = owner.post("/templates/", plants(app, cards=[bare, bare]))

    assert answer.json()["cards"] == [{"header_format": "VIDEO", "body": "", "buttons": []}] * 2
    pk = answer.json()["id"]
    changed = owner.patch(f"/templates/{pk}/", {"cards": [bare, bare, bare]})
    assert (changed.status_code, len(changed.json()["cards"])) == (200, 3)


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"cards": [card()]}, "cards"),
        ({"cards": [card()] * 11}, "cards"),
        ({"cards": [card(), card(header_format="DOCUMENT")]}, "cards.1.header_format"),
        ({"cards": [card(), card(header_format="VIDEO")]}, "cards.1.header_format"),
        ({"cards": [card(), {"body": "No medium"}]}, "cards.1.header_format"),
        ({"cards": [card(), card(body="")]}, "cards.1.body"),
        ({"cards": [card(), card(body="x" * 161)]}, "cards.1.body"),
        ({"cards": [card(), card(body="For {{2}}")]}, "cards.1.body"),
        ({"cards": [card(), card(body="For {{who}}")]}, "cards.1.body"),
        ({"cards": [card(), card(buttons=[LOOK, REPLY])]}, "cards.1.buttons"),
        ({"cards": [card(), card(buttons=[REPLY])]}, "cards.1.buttons"),
        ({"cards": [card(buttons=[REPLY, REPLY, LOOK])] * 2}, "cards.0.buttons"),
        ({"cards": [card(buttons=[{"type": "COPY_CODE"}])] * 2}, "cards.0.buttons.0.type"),
        ({"cards": [card(buttons=[{**LOOK, "url": "shop"}])] * 2}, "cards.0.buttons.0.url"),
        ({"cards": [card(footer="Bye")] * 2}, "cards.0.footer"),
        ({"cards": [[]]}, "cards.0.non_field_errors"),
        ({"cards": {"a": 1}}, "cards.non_field_errors"),
        ({"category": "UTILITY"}, "category"),
        ({"footer": "Bye"}, "footer"),
        ({"buttons": [REPLY]}, "buttons"),
        ({"header_format": "IMAGE"}, "header_format"),
        (
            {
                "parameter_format": "NAMED",
                "body": "Hello {{card_0_who}}, look.",
                "cards": [card(body="For {{who}}"), card(body="Here")],
            },
            "body",
        ),
    ],
)
def test_what_meta_would_reject_is_refused(
    owner: APIClient, app: TenantWAApp, change: dict[str, Any], attr: str
) -> None:
    answer = owner.post("/templates/", plants(app, **change))

    assert answer.status_code == 400, answer.json()
    assert answer.json()["errors"][0]["attr"] == attr
    assert not WhatsAppTemplate.objects.exists()


def test_each_cards_samples_are_needed_for_the_review(owner: APIClient, app: TenantWAApp) -> None:
    pk = owner.post("/templates/", plants(app)).json()["id"]

    error = owner.post(f"/templates/{pk}/submit/").json()["errors"][0]

    assert error["attr"] == "examples"
    details = [problem["detail"] for problem in error["data"]["problems"]]
    assert details[0] == "A sample value for card_0_header_media is missing."
    assert len(details) == 6


def test_a_preview_shows_every_card(owner: APIClient, app: TenantWAApp) -> None:
    pk = owner.post("/templates/", plants(app)).json()["id"]
    values = {
        "card_1_header_media": "https://cdn.example/cactus.jpg",
        "card_1_1": "7 €",
        "card_1_button_1": "cactus",
    }

    shown = owner.post(f"/templates/{pk}/preview/", {"values": values}).json()

    assert shown["body"] == "Hello Ana, look."
    assert shown["cards"][1] == {
        "header_media": "https://cdn.example/cactus.jpg",
        "body": "For 7 €",
        "buttons": [REPLY, {**LOOK, "url": "https://shop.example/cactus"}],
    }
    assert shown["cards"][0]["body"] == "For {{1}}"
    assert shown["missing"] == ["card_0_header_media", "card_0_1", "card_0_button_1"]


def test_a_provider_without_carousels_is_said_before_anything_is_sent(
    owner: APIClient, tenant: Tenant
) -> None:
    app = WhatsAppSenderFactory.create(tenant=tenant, provider="gupshup")
    TemplateFactory.create(
        tenant=tenant, app=app, name="plants", status="APPROVED", cards=[card(), card()]
    )
    asked = {"name": "A", "platform": "WHATSAPP", "template_name": "plants"}

    answer = owner.post("/broadcast/estimate/", {**asked, "audience": {"all": True}})

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["attr"]) == (400, "template_name")
    assert "carousel" in error["detail"]


def test_links_in_a_cards_body_are_tracked_and_those_of_its_medium_are_not(
    owner: APIClient, tenant: Tenant, app: TenantWAApp
) -> None:
    broadcast = BroadcastFactory.create(
        tenant=tenant,
        platform="WHATSAPP",
        sender=SenderFactory.create(tenant=tenant),
        template_params={
            "1": "https://a.example/",
            "card_0_1": "https://b.example/",
            "card_0_header_media": "https://c.example/",
            "card_0_button_1": "https://d.example/",
            "header_media": "https://e.example/",
        },
    )

    assert static_texts(broadcast) == ["https://a.example/", "https://b.example/"]
