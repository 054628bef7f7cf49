"""Short links lead to their target; unique clicks count once per recipient."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from broadcast.models import BroadcastMessage
from tests.factories import BroadcastMessageFactory
from tests.flows.waiting import wait_for
from tests.foreign_session import locked_elsewhere
from tracking.links import decode, encode, find_urls, wrap
from tracking.models import Click, TrackedURL

SOON = 3.0
"""Seconds for twenty clicks, of which only the first waits for the lock."""
TARGET = "https://shop.example/sale?x=1"


@pytest.fixture
def message(db: None) -> BroadcastMessage:
    message = BroadcastMessageFactory.create()
    TrackedURL.objects.create(
        tenant=message.tenant, broadcast=message.broadcast, position=0, url=TARGET
    )
    return message


def path(message: BroadcastMessage, position: int = 0) -> str:
    return f"/r/{encode(token=message.token, position=position)}"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_link_leads_to_what_the_tenant_wrote(
    anonymous: APIClient, message: BroadcastMessage, slash: str
) -> None:
    answer = anonymous.get(path(message) + slash)
    assert (answer.status_code, answer["Location"]) == (302, TARGET)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (
            "https://straße.example:8443/Käse?ü=1",
            "https://xn--strae-oqa.example:8443/K%C3%A4se?%C3%BC=1",
        ),
        ("https://пример.рф/путь", "https://xn--e1afmkfd.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C"),
        ("https://ex.mp/%20a/é", "https://ex.mp/%20a/%C3%A9"),
        ("https://a..é/", "https://a..%C3%A9/"),
    ],
)
def test_a_url_in_another_script_is_a_valid_location(
    anonymous: APIClient, message: BroadcastMessage, url: str, location: str
) -> None:
    TrackedURL.objects.update(url=url)
    assert anonymous.get(path(message))["Location"] == location


def test_clicks_are_counted_and_recipients_once(
    anonymous: APIClient, message: BroadcastMessage
) -> None:
    for _ in range(2):
        anonymous.get(path(message))
    url = TrackedURL.objects.get()
    assert (url.clicks, url.unique_clicks, Click.objects.count()) == (2, 1, 2)
    counters = message.broadcast.counters
    counters.refresh_from_db()
    message.refresh_from_db()
    assert (counters.clicks, counters.clicked, message.clicked) == (2, 1, True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["broadcastcounters", "broadcastmessage"])
def test_a_link_leads_on_while_its_broadcast_is_locked_and_the_click_counts_later(
    anonymous: APIClient, message: BroadcastMessage, table: str
) -> None:
    lock = f"SELECT FROM broadcast_{table} WHERE broadcast_id = %s", message.broadcast_id
    with locked_elsewhere(lock):
        began = time.monotonic()
        for _ in range(20):
            assert anonymous.get(path(message)).status_code == 302
        assert time.monotonic() - began < SOON
        assert not Click.objects.exists()
    wait_for(lambda: Click.objects.count() == 20)
    url = TrackedURL.objects.get()
    assert (url.clicks, url.unique_clicks) == (20, 1)
    message.broadcast.counters.refresh_from_db()
    assert message.broadcast.counters.clicks == 20


def test_previews_and_head_are_not_clicks(anonymous: APIClient, message: BroadcastMessage) -> None:
    agent = {"User-Agent": "WhatsApp/2.23.20.0"}
    assert anonymous.get(path(message), headers=agent).status_code == 302
    assert anonymous.head(path(message)).status_code == 302
    assert not Click.objects.exists()


@pytest.mark.parametrize("code", ["0", "zzzzzzzzzzzz", "zzzzzzzzzzzzzzzz"])
def test_an_unknown_code_is_404(anonymous: APIClient, message: BroadcastMessage, code: str) -> None:
    assert anonymous.get(f"/r/{code}/").status_code == 404
    assert anonymous.get(path(message, 1)).status_code == 404


@given(st.integers(0, (1 << 60) - 1), st.integers(0, 31))
def test_codes_lead_back(token: int, position: int) -> None:
    assert decode(encode(token=token, position=position)) == (token, position)


def test_closing_punctuation_is_no_part_of_a_url() -> None:
    text = "See https://a.example/x?y=1, or (http://b.example/z)."
    assert find_urls([text]) == ["https://a.example/x?y=1", "http://b.example/z"]
    wrapped = wrap(text, positions={"https://a.example/x?y=1": 0}, token=1)
    assert wrapped.startswith("See http://localhost:8000/r/0000000000W/, or (http://b.example/z).")
