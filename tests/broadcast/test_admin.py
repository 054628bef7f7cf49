"""The admin moves broadcasts through the domain only, and shows its refusals."""

import re
from datetime import datetime
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from broadcast.models import Batch, Broadcast, BroadcastCounters, BroadcastMessage
from broadcast.states import BroadcastStatus
from doctor.models import Checkup
from tests.backoffice.rows import NOW
from tests.factories import BroadcastFactory, name_message

Rows = dict[type[Model], Model]
LIST = "/admin/broadcast/broadcast/"


@pytest.fixture
def draft(rows: Rows) -> Broadcast:
    broadcast = rows[Broadcast]
    assert isinstance(broadcast, Broadcast)
    return broadcast


def ticked(action: str, *broadcasts: Broadcast) -> dict[str, Any]:
    return {"action": action, "_selected_action": [str(row.pk) for row in broadcasts]}


def confirmed(action: str, *broadcasts: Broadcast) -> dict[str, Any]:
    """What the page that confirms the action posts."""
    tokens = {f"token-{row.pk}": "" for row in broadcasts}
    return {**ticked(action, *broadcasts), **tokens, "confirmed": "yes"}


def status_of(broadcast: Broadcast) -> str:
    return Broadcast.objects.get(pk=broadcast.pk).status


def test_cancel_on_its_page_cancels(superuser: Client, draft: Broadcast) -> None:
    assert superuser.post(f"{LIST}{draft.pk}/cancel/").status_code == 302
    assert status_of(draft) == BroadcastStatus.CANCELLED


@pytest.mark.parametrize("move", ["send", "schedule", "unschedule", "cancel"])
def test_looking_at_a_move_does_not_make_it(superuser: Client, draft: Broadcast, move: str) -> None:
    assert superuser.get(f"{LIST}{draft.pk}/{move}/").status_code == 200
    assert status_of(draft) == BroadcastStatus.DRAFT


def test_its_page_offers_what_could_be_done_now(superuser: Client, draft: Broadcast) -> None:
    moves = {"send", "schedule", "unschedule", "approve", "pause", "resume", "cancel"}
    moves |= {"retry-failed", "resolve-unknown"}

    def offered() -> set[str]:
        text = superuser.get(f"{LIST}{draft.pk}/change/").text
        return {move for move in moves if f"/{draft.pk}/{move}" in text}

    assert offered() == {"send", "schedule", "approve", "cancel"}
    Broadcast.objects.filter(pk=draft.pk).update(status=BroadcastStatus.QUEUED)
    assert offered() == {"pause", "cancel"}
    Broadcast.objects.filter(pk=draft.pk).update(paused_at=draft.created_at)
    assert offered() == {"resume", "cancel"}


def test_a_page_of_no_broadcast_is_no_error(superuser: Client) -> None:
    assert superuser.get(f"{LIST}nothing/change/").status_code == 302


def test_cancel_of_the_selected_cancels(superuser: Client, draft: Broadcast) -> None:
    answer = superuser.post(LIST, confirmed("cancel_selected", draft), follow=True)
    assert "Summer sale: Cancelled." in answer.text
    assert status_of(draft) == BroadcastStatus.CANCELLED


def test_a_refusal_is_shown_in_the_list(superuser: Client, draft: Broadcast) -> None:
    Broadcast.objects.filter(pk=draft.pk).update(status=BroadcastStatus.CANCELLED)
    answer = superuser.post(LIST, confirmed("send_selected", draft), follow=True)
    shown = [str(message) for message in answer.context["messages"]]
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


CONTROL = ("approve", "pause", "resume", "retry-failed", "resolve-unknown")


@pytest.mark.parametrize("move", CONTROL)
def test_looking_at_a_control_changes_nothing(
    superuser: Client, draft: Broadcast, move: str
) -> None:
    before = Broadcast.objects.values().get(pk=draft.pk)
    assert superuser.get(f"{LIST}{draft.pk}/{move}/").status_code == 200
    assert Broadcast.objects.values().get(pk=draft.pk) == before


@pytest.mark.parametrize("move", CONTROL)
def test_staff_control_nothing(staff: Client, draft: Broadcast, move: str) -> None:
    before = Broadcast.objects.values().get(pk=draft.pk)
    staff.post(f"{LIST}{draft.pk}/{move}/", {"decision": "fail"})
    assert Broadcast.objects.values().get(pk=draft.pk) == before


def make(draft: Broadcast, *statuses: str) -> Broadcast:
    """Moves the draft through these statuses."""
    for status in statuses:
        Broadcast.objects.filter(pk=draft.pk).update(status=status)
    return Broadcast.objects.get(pk=draft.pk)


def test_approve_on_its_page_says_who(superuser: Client, draft: Broadcast) -> None:
    assert superuser.post(f"{LIST}{draft.pk}/approve/").status_code == 302
    approved = Broadcast.objects.get(pk=draft.pk)
    assert approved.approved_by is not None
    assert approved.approved_by.is_superuser


def test_pause_with_its_reason_and_resume(superuser: Client, draft: Broadcast) -> None:
    make(draft, "QUEUED", "SENDING")
    superuser.post(f"{LIST}{draft.pk}/pause/", {"reason": "Wrong price"})
    assert Broadcast.objects.get(pk=draft.pk).pause_reason == "Wrong price"
    superuser.post(f"{LIST}{draft.pk}/resume/")
    assert Broadcast.objects.get(pk=draft.pk).paused_at is None


def test_pause_of_the_selected_pauses(superuser: Client, draft: Broadcast) -> None:
    make(draft, "QUEUED", "SENDING")
    answer = superuser.post(LIST, confirmed("pause_selected", draft), follow=True)
    assert "Summer sale: Paused." in answer.text
    assert Broadcast.objects.get(pk=draft.pk).paused_at is not None


def test_resolve_on_its_page_decides(superuser: Client, draft: Broadcast) -> None:
    make(draft, "QUEUED", "SENDING", "PARTIALLY_SENT")
    draft.messages.update(status="UNKNOWN")
    BroadcastCounters.objects.filter(broadcast=draft).update(pending=0, unknown=1)
    answer = superuser.post(f"{LIST}{draft.pk}/resolve-unknown/", {"decision": "fail"})
    assert answer.status_code == 302
    assert draft.messages.get().status == "FAILED"


def test_nothing_to_retry_is_shown_on_the_page(superuser: Client, draft: Broadcast) -> None:
    make(draft, "QUEUED", "SENDING", "SENT")
    answer = superuser.post(f"{LIST}{draft.pk}/retry-failed/", {})
    assert "No failed recipient is left to retry." in answer.text
    assert Broadcast.objects.count() == 1


def test_a_message_is_found_by_its_providers_id(superuser: Client, rows: Rows) -> None:
    message = rows[BroadcastMessage]
    assert isinstance(message, BroadcastMessage)
    name_message(message, "wamid.77")
    for term, is_listed in (("wamid.77", True), ("wamid.7", False)):
        page = superuser.get("/admin/broadcast/broadcastmessage/", {"q": term})
        assert (str(message.pk) in page.content.decode()) is is_listed


def names_on(answer: Any) -> set[str]:
    return {name for name in ("Summer sale", "Another one") if name in answer.text}


def test_what_waits_for_somebody_is_found_in_the_list(superuser: Client, draft: Broadcast) -> None:
    other: Broadcast = BroadcastFactory.create(tenant=draft.tenant, name="Another one")
    Broadcast.objects.update(status=BroadcastStatus.QUEUED)
    Broadcast.objects.filter(pk=other.pk).update(paused_at=draft.created_at)
    BroadcastCounters.objects.filter(broadcast=draft).update(unknown=3)
    assert names_on(superuser.get(LIST)) == {"Summer sale", "Another one"}
    assert names_on(superuser.get(f"{LIST}?waits=unknown")) == {"Summer sale"}
    paused = superuser.get(f"{LIST}?waits=paused")
    assert names_on(paused) == {"Another one"}
    assert "Queued, paused" in paused.text


def test_nobody_resolves_the_unknown_without_choosing(superuser: Client, draft: Broadcast) -> None:
    BroadcastCounters.objects.filter(broadcast=draft).update(unknown=3)
    page = f"{LIST}{draft.pk}/resolve-unknown/"
    shown = superuser.get(page).text
    assert "Messages of unknown fate: 3" in shown
    assert shown.count('type="radio"') == 2
    assert not re.search(r'type="radio"[^>]* checked(?![:\w])', shown)
    assert "This field is required." in superuser.post(page).text


@pytest.mark.parametrize(("over", "shown"), [({}, True), ({"settled_at": NOW}, False)])
def test_batches_in_dead_hands_are_found(
    superuser: Client, rows: Rows, over: dict[str, datetime], *, shown: bool
) -> None:
    batch = rows[Batch]
    Batch.objects.filter(pk=batch.pk).update(
        **{"settled_at": None, "swept_at": None, "lease_expires_at": NOW, **over}
    )
    for query in ("open=yes", "open=overdue"):
        page = superuser.get(f"/admin/broadcast/batch/?{query}").text
        assert (f"/admin/broadcast/batch/{batch.pk}/" in page) == shown


def test_checkups_name_what_they_found(superuser: Client) -> None:
    breach = {"check": "counters_differ", "subject": "broadcast:1", "detail": "sent 1, rows 2"}
    Checkup.objects.create(at=NOW, seconds=1, breach_count=2, breaches=[breach, breach])
    assert superuser.get("/admin/doctor/checkup/").text.count("counters_differ") == 1
