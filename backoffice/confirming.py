"""Asks for a confirmation before an action on the selected rows; lists what the action would do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from api.errors import DomainError
from backoffice.pages import ModelAdminBase

MOST_AT_ONCE = 50
"""Rows of one action: as many as a page of a list shows."""
CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Effect:
    """What the action would do to one row. `refusal` says why it would do nothing.

    The form carries `token`, for example an estimate's hash, and the action gets it back.
    """

    facts: Sequence[str] = ()
    token: str = ""
    refusal: str = ""


def no_details(_: Model) -> Effect:
    return Effect()


def confirm_selected(
    *,
    page: ModelAdminBase,
    request: HttpRequest,
    queryset: QuerySet[Any],
    action: str,
    title: str,
    done: str,
    act: Callable[[Any, str], object],
    effect_on: Callable[[Any], Effect] = no_details,
    most: int = MOST_AT_ONCE,
) -> HttpResponse | None:
    """The page that lists the effects; once it is confirmed, act on each row, and answer None.

    `action` is the name of the page's method. Each refusal of `act` becomes a message. Rows that
    were not listed on the confirmation's page are not acted on.
    """
    rows = list(queryset[: most + 1])
    if len(rows) > most:
        page.message_user(request, f"Select at most {most} at once.", messages.ERROR)
        return None
    if request.POST.get(CONFIRMED) == "yes":
        for row in rows:
            _act(page=page, request=request, row=row, done=done, act=act)
        return None
    effects = [(row, effect_on(row)) for row in rows]
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": title,
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
        "effects": effects,
        "is_possible": any(not effect.refusal for _, effect in effects),
    }
    return TemplateResponse(request, "admin/confirm_selected.html", context)


def _act(
    *,
    page: ModelAdminBase,
    request: HttpRequest,
    row: Model,
    done: str,
    act: Callable[[Any, str], object],
) -> None:
    token = request.POST.get(f"token-{row.pk}")
    if token is None:
        text = f"{row}: This was not on the page that you confirmed."
        page.message_user(request, text, messages.ERROR)
        return
    try:
        act(row, token)
    except DomainError as refusal:
        page.message_user(request, f"{row}: {refusal.detail}", messages.ERROR)
    else:
        page.log_change(request, row, done)
        page.message_user(request, f"{row}: {done}")
