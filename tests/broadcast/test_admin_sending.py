"""Operators see what is sent to how many at what price before they send it from the admin."""

from typing import Any

import pytest
from django.test import Client

from broadcast.models import Broadcast
from tests.factories import BroadcastFactory
from tests.fixtures.sending import PRICE
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

LIST = "/admin/broadcast/broadcast/"
ACTIONS = ["send", "unschedule", "cancel", "pause", "resume"]

pytestmark = pytest.mark.django_db


def tick(client: Client, action: str, *broadcasts: Broadcast, **fields: str) -> Any:
    ticked = [str(broadcast.pk) for broadcast in broadcasts]
    form = {"action": f"{action}_selected", "_selected_action": ticked, **fields}
    return client.post(LIST, form, follow=True)


def statuses() -> set[str]:
    return set(Broadcast.objects.values_list("status", flat=True))


@pytest.mark.parametrize("action", ACTIONS)
def test_ticking_rows_changes_nothing_before_it_is_confirmed(
    superuser: Client, action: str
) -> None:
    broadcast = BroadcastFactory.create()
    before = Broadcast.objects.values().get()

    page = tick(superuser, action, broadcast)

    assert 'name="confirmed" value="yes"' in page.text or "not possible" in page.text
    assert Broadcast.objects.values().get() == before


def test_the_page_names_recipients_price_and_refusals(
    superuser: Client, rich: Wallet, people: MakePeople, draft: MakeBroadcast
) -> None:
    broadcast, empty = draft(people(3)), draft([], name="Empty")

    page = tick(superuser, "send", broadcast, empty)

    assert "3 recipients" in page.text
    assert f"costs {3 * PRICE:.2f} EUR" in page.text
    assert "not possible" in page.text
    assert f"token-{empty.pk}" not in page.text
    assert statuses() == {"DRAFT"}


def token_on(page: Any, broadcast: Broadcast) -> str:
    (effect,) = (effect for row, effect in page.context["effects"] if row == broadcast)
    return str(effect.token)


def test_what_was_confirmed_is_sent(
    superuser: Client, rich: Wallet, people: MakePeople, draft: MakeBroadcast
) -> None:
    broadcast, other = draft(people(3)), draft(people(1), name="Other")
    token = token_on(tick(superuser, "send", broadcast), broadcast)

    confirmed = {"confirmed": "yes", f"token-{broadcast.pk}": token}
    page = tick(superuser, "send", broadcast, other, **confirmed)

    assert "News: Sent off." in page.text
    assert "Other: This was not on the page that you confirmed." in page.text
    broadcast.refresh_from_db()
    other.refresh_from_db()
    assert (broadcast.status, other.status) == ("QUEUED", "DRAFT")


def test_what_has_changed_since_the_page_was_shown_is_not_sent(
    superuser: Client, rich: Wallet, people: MakePeople, draft: MakeBroadcast
) -> None:
    broadcast = draft(people(3))
    token = token_on(tick(superuser, "send", broadcast), broadcast)
    Broadcast.objects.filter(pk=broadcast.pk).update(text="Another text")

    page = tick(superuser, "send", broadcast, confirmed="yes", **{f"token-{broadcast.pk}": token})

    assert "no longer what was estimated" in page.text
    assert statuses() == {"DRAFT"}


def test_the_page_of_one_broadcast_names_its_price_too(
    superuser: Client, rich: Wallet, people: MakePeople, draft: MakeBroadcast
) -> None:
    broadcast = draft(people(2))

    page = superuser.get(f"{LIST}{broadcast.pk}/send/")

    assert f"costs {2 * PRICE:.2f} EUR" in page.text
    shown = page.context["form"].initial["estimate_hash"]
    assert (
        superuser.post(f"{LIST}{broadcast.pk}/send/", {"estimate_hash": shown}).status_code == 302
    )
    assert statuses() == {"QUEUED"}


def test_an_action_on_a_whole_table_is_refused(superuser: Client) -> None:
    broadcast = BroadcastFactory.create()
    assert tick(superuser, "cancel", broadcast, select_across="1").status_code == 400
    assert statuses() == {"DRAFT"}


def test_an_action_takes_a_bounded_number(superuser: Client) -> None:
    broadcasts = BroadcastFactory.create_batch(11)
    assert "Select at most 10 at once." in tick(superuser, "send", *broadcasts).text
