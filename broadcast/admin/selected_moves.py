"""Actions on the selected broadcasts of the list; each is confirmed on a page of its own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from backoffice.confirming import confirm_selected
from broadcast import lifecycle
from broadcast.admin.effects import (
    MOST_SENT_AT_ONCE,
    effect_of_a_move,
    effect_of_sending,
    move_one,
    send_as_shown,
)
from broadcast.models import Broadcast

if TYPE_CHECKING:
    Mixin = admin.ModelAdmin[Broadcast]
else:
    Mixin = object

LIST_ACTIONS = (
    "send_selected",
    "unschedule_selected",
    "pause_selected",
    "resume_selected",
    "cancel_selected",
)


class SelectedMoves(Mixin):
    @admin.action(description="Send now")
    def send_selected(
        self, request: HttpRequest, queryset: QuerySet[Broadcast]
    ) -> HttpResponse | None:
        return confirm_selected(
            page=self,
            request=request,
            queryset=queryset.select_related("tenant", "sender", "template"),
            action="send_selected",
            title="Send now",
            done="Sent off.",
            act=send_as_shown,
            effect_on=effect_of_sending,
            most=MOST_SENT_AT_ONCE,
        )

    @admin.action(description="Take back to draft")
    def unschedule_selected(
        self, request: HttpRequest, queryset: QuerySet[Broadcast]
    ) -> HttpResponse | None:
        return self._confirm_each(
            request,
            queryset,
            action="unschedule_selected",
            title="Take back to draft",
            done="Back to draft.",
            move=lifecycle.unschedule,
        )

    @admin.action(description="Cancel")
    def cancel_selected(
        self, request: HttpRequest, queryset: QuerySet[Broadcast]
    ) -> HttpResponse | None:
        return self._confirm_each(
            request,
            queryset,
            action="cancel_selected",
            title="Cancel",
            done="Cancelled.",
            move=lifecycle.cancel,
        )

    @admin.action(description="Pause")
    def pause_selected(
        self, request: HttpRequest, queryset: QuerySet[Broadcast]
    ) -> HttpResponse | None:
        return self._confirm_each(
            request,
            queryset,
            action="pause_selected",
            title="Pause",
            done="Paused.",
            move=lifecycle.pause,
        )

    @admin.action(description="Resume")
    def resume_selected(
        self, request: HttpRequest, queryset: QuerySet[Broadcast]
    ) -> HttpResponse | None:
        return self._confirm_each(
            request,
            queryset,
            action="resume_selected",
            title="Resume",
            done="Resumed.",
            move=lifecycle.resume,
        )

    def _confirm_each(
        self,
        request: HttpRequest,
        queryset: QuerySet[Broadcast],
        *,
        action: str,
        title: str,
        done: str,
        move: Callable[..., Any],
    ) -> HttpResponse | None:
        return confirm_selected(
            page=self,
            request=request,
            queryset=queryset.select_related("tenant", "counters"),
            action=action,
            title=title,
            done=done,
            act=lambda broadcast, _: move_one(broadcast, move),
            effect_on=effect_of_a_move,
        )
