"""Broadcasts move by the domain, or not at all."""

import pytest
from django.db.models import Model
from django.test import Client

from broadcast.models import Broadcast
from broadcast.states import BroadcastStatus

Rows = dict[type[Model], Model]
LIST = "/admin/broadcast/broadcast/"


@pytest.fixture
def draft(rows: Rows) -> Broadcast:
    broadcast = rows[Broadcast]
    assert isinstance(broadcast, Broadcast)
    return broadcast


def status_of(broadcast: Broadcast) -> str:
    return Broadcast.objects.get(pk=broadcast.pk).status


def test_cancel_on_its_page_cancels(superuser: Client, draft: Broadcast) -> None:
    assert superuser.post(f"{LIST}{draft.pk}/cancel/").status_code == 302
    assert status_of(draft) == BroadcastStatus.CANCELLED


@pytest.mark.parametrize("move", ["send", "schedule", "unschedule", "cancel"])
def test_looking_at_a_move_does_not_make_it(superuser: Client, draft: Broadcast, move: str) -> None:
    assert superuser.get(f"{LIST}{draft.pk}/{move}/").status_code == 200
    assert status_of(draft) == BroadcastStatus.DRAFT


def test_cancel_of_the_selected_cancels(superuser: Client, draft: Broadcast) -> None:
    form = {"action": "cancel_selected", "_selected_action": str(draft.pk)}
    answer = superuser.post(LIST, form, follow=True)
    assert "Summer sale: Cancelled." in answer.text
    assert status_of(draft) == BroadcastStatus.CANCELLED


def test_a_refusal_is_shown_in_the_list(superuser: Client, draft: Broadcast) -> None:
    Broadcast.objects.filter(pk=draft.pk).update(status=BroadcastStatus.CANCELLED)
    form = {"action": "send_selected", "_selected_action": str(draft.pk)}
    shown = [
        str(message) for message in superuser.post(LIST, form, follow=True).context["messages"]
    ]
    assert len(shown) == 1
    assert shown[0] != "Summer sale: Sent off."
    assert status_of(draft) == BroadcastStatus.CANCELLED


def test_a_time_in_the_past_is_refused_on_the_page(superuser: Client, draft: Broadcast) -> None:
    answer = superuser.post(f"{LIST}{draft.pk}/schedule/", {"at": "2020-01-01T10:00"})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert status_of(draft) == BroadcastStatus.DRAFT


def test_staff_do_not_cancel(staff: Client, draft: Broadcast) -> None:
    assert staff.post(f"{LIST}{draft.pk}/cancel/").status_code == 302
    assert status_of(draft) == BroadcastStatus.DRAFT
