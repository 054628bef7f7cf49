"""Media, buttons, fallback and send windows: stored unchanged, or refused with the field's name."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from broadcast.models import Broadcast
from channels.models import Sender
from tests.factories import SenderFactory

pytestmark = pytest.mark.django_db
BODY = {"name": "News", "platform": "TELEGRAM", "text": "Hello"}
WINDOW = {"days": [1, 2, 3], "from": "09:00", "to": "20:00", "time_zone": "Europe/Berlin"}
GOOD: dict[str, Any] = {
    "media": {"kind": "image", "url": "https://shop.example/a.png", "filename": "a.png"},
    "buttons": [
        {"kind": "url", "text": "Shop", "value": "https://shop.example/"},
        {"kind": "reply", "text": "Yes", "value": "yes"},
        {"kind": "call", "text": "Call", "value": "+491701234567"},
    ],
    "provider_template_id": "1107160000000000000",
    "fallback": [
        {"platform": "SMS", "sender": None, "text": "Hello by SMS"},
        {"platform": "WHATSAPP", "sender": None, "template_name": "hello"},
    ],
    "send_window": WINDOW,
    "expires_at": "2099-01-01T10:00:00Z",
}


def test_content_fields_are_answered_as_they_were_sent(manager: APIClient) -> None:
    created = manager.post("/broadcast/", {**BODY, **GOOD})
    assert created.status_code == 201
    shown = manager.get(f"/broadcast/{created.data['id']}/").json()
    assert {name: shown[name] for name in GOOD} == GOOD


def test_a_rung_without_a_medium_may_say_so(manager: APIClient) -> None:
    rung = {"platform": "SMS", "sender": None, "text": "Hello by SMS"}

    created = manager.post("/broadcast/", {**BODY, "fallback": [{**rung, "media": None}]})

    assert (created.status_code, created.json()["fallback"]) == (201, [rung])


@pytest.mark.parametrize(
    ("field", "value", "attr"),
    [
        ("media", {}, "media.kind"),
        ("media", {"kind": "image"}, "media.url"),
        ("buttons", [{}], "buttons.0.kind"),
        ("buttons", [{"kind": "url", "text": "Shop"}], "buttons.0.value"),
        ("fallback", [{}], "fallback.0.platform"),
        ("fallback", [{"platform": "SMS", "media": {}}], "fallback.0.media.kind"),
    ],
)
def test_half_of_a_field_is_refused_in_a_change_too(
    manager: APIClient, field: str, value: Any, attr: str
) -> None:
    created = manager.post("/broadcast/", {**BODY, **GOOD})

    answer = manager.patch(f"/broadcast/{created.data['id']}/", {field: value})

    assert answer.status_code == 400
    assert (attr, "required") in {
        (error["attr"], error["code"]) for error in answer.json()["errors"]
    }
    assert manager.get(f"/broadcast/{created.data['id']}/").json()[field] == GOOD[field]


def test_a_rung_without_a_sender_can_be_written_later(manager: APIClient) -> None:
    created = manager.post("/broadcast/", BODY)

    rungs = [{"platform": "SMS", "text": "Hello by SMS"}]
    answer = manager.patch(f"/broadcast/{created.data['id']}/", {"fallback": rungs})

    assert answer.status_code == 200
    assert answer.json()["fallback"] == [{**rungs[0], "sender": None}]


@pytest.mark.parametrize(
    ("audience", "attr"),
    [
        ({"tags": {"any": ["vip"], "nones": ["left"]}}, "audience.tags"),
        ({"all": True, "without": ["left"]}, "audience"),
    ],
)
def test_a_misspelt_key_does_not_make_an_audience_larger(
    manager: APIClient, audience: Any, attr: str
) -> None:
    answer = manager.post("/broadcast/", {**BODY, "audience": audience})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"].startswith(attr)
    assert not Broadcast.objects.exists()


def test_a_plain_list_of_tags_is_answered_with_the_lists_to_give(manager: APIClient) -> None:
    answer = manager.post("/broadcast/", {**BODY, "audience": {"tags": ["vip"]}})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"] == (
        'Give lists of names, as {"any": […], "all": […], "none": […]}.'
    )


def test_content_fields_can_be_emptied(manager: APIClient) -> None:
    created = manager.post("/broadcast/", {**BODY, **GOOD})
    empty: dict[str, Any] = {
        "media": None,
        "buttons": [],
        "fallback": [],
        "send_window": None,
        "expires_at": None,
    }
    answer = manager.patch(f"/broadcast/{created.data['id']}/", empty).json()
    assert {name: answer[name] for name in empty} == empty


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("media", {"kind": "image", "url": "ftp://shop.example/a.png"}),
        ("media", {"kind": "image", "url": "javascript:alert(1)"}),
        ("media", {"kind": "sound", "url": "https://shop.example/a.mp3"}),
        ("media", {"kind": "image"}),
        ("media", {"kind": "image", "url": "https://shop.example/a.png", "size": 3}),
        ("media", "https://shop.example/a.png"),
        ("buttons", {"kind": "url"}),
        ("buttons", [{"kind": "url", "text": "Shop", "value": "shop"}]),
        ("buttons", [{"kind": "call", "text": "Call", "value": "0170"}]),
        ("buttons", [{"kind": "reply", "text": "", "value": "x"}]),
        ("buttons", [{"kind": "reply", "text": "Y", "value": "y" * 257}]),
        ("buttons", [{"kind": "reply", "text": "Y", "value": "y"}] * 11),
        ("fallback", [{"platform": "SMS", "media": {"kind": "image"}}]),
        ("fallback", [{"platform": "WHATSAPP", "text": "Hello"}]),
        ("fallback", [{"platform": "FAX", "text": "Hello"}]),
        ("fallback", [{"platform": "SMS", "text": "a"}, {"platform": "SMS", "text": "b"}]),
        ("send_window", {**WINDOW, "days": [0]}),
        ("send_window", {**WINDOW, "days": []}),
        ("send_window", {**WINDOW, "from": "9:00"}),
        ("send_window", {**WINDOW, "to": "09:00"}),
        ("send_window", {**WINDOW, "time_zone": "Mars/Olympus"}),
        ("send_window", {"days": [1]}),
        ("expires_at", "tomorrow"),
        ("provider_template_id", "x" * 65),
    ],
)
def test_what_is_misshapen_is_refused_by_name(manager: APIClient, field: str, wrong: Any) -> None:
    answer = manager.post("/broadcast/", {**BODY, field: wrong})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"].startswith(field)
    assert not Broadcast.objects.exists()


def test_a_rungs_sender_is_of_its_tenant_and_of_its_platform(
    manager: APIClient, bot: Sender
) -> None:
    stranger = SenderFactory.create(platform="SMS")
    for sender in (stranger, bot):
        rung = {"platform": "SMS", "sender": str(sender.pk), "text": "Hello"}
        answer = manager.post("/broadcast/", {**BODY, "fallback": [rung]})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["attr"] == "fallback.0.sender"
