"""Actions that operators run on one broadcast; each action calls broadcast/lifecycle.py."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.dataclasses import UnfoldAction

from backoffice.ask import Confirm, ask
from backoffice.confirming import Effect
from backoffice.pages import detail_action
from broadcast import lifecycle
from broadcast.admin.effects import effect_of_sending, move_one, send_as_shown
from broadcast.admin.forms import PauseForm, ResolveForm, RetryForm, ScheduleForm, SendForm
from broadcast.control.pausing import PAUSABLE
from broadcast.followup.resolving import Decision
from broadcast.models import Broadcast
from broadcast.states import EDITABLE, FINISHED, BroadcastStatus
from tenants.models import User

if TYPE_CHECKING:

    class Mixin(admin.ModelAdmin[Broadcast]):
        def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
            """Declares Unfold's method, because Unfold is published without types."""
            raise NotImplementedError
else:
    Mixin = object

DETAIL_ACTIONS = (
    "send",
    "schedule",
    "unschedule",
    "approve",
    "pause",
    "resume",
    "cancel",
    "retry_failed",
    "resolve_unknown",
)

SHOWN_IN: Mapping[str, frozenset[BroadcastStatus]] = {
    "send": EDITABLE,
    "schedule": EDITABLE,
    "unschedule": frozenset({BroadcastStatus.SCHEDULED}),
    "approve": EDITABLE,
    "pause": PAUSABLE,
    "resume": PAUSABLE,
    "cancel": EDITABLE | PAUSABLE,
    "retry-failed": FINISHED,
    "resolve-unknown": FINISHED | {BroadcastStatus.SENDING, BroadcastStatus.CANCELLED},
}
"""Statuses in which each button is shown, by the button's URL path.

If an action is refused nevertheless, its page gives the reason.
"""


class MoveActions(Mixin):
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        actions: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        broadcast = self.get_object(request, object_id)
        if broadcast is None:
            return []
        hidden = "pause" if broadcast.paused_at else "resume"
        return [
            action
            for action in actions
            if broadcast.status in SHOWN_IN[action.path] and action.path != hidden
        ]

    @detail_action(description="Send now", url_path="send")
    def send(self, request: HttpRequest, object_id: str) -> HttpResponse:
        broadcast = _broadcast(object_id)
        effect = effect_of_sending(broadcast) if request.method == "GET" else Effect()

        def act(form: SendForm) -> object:
            return send_as_shown(broadcast, form.cleaned_data["estimate_hash"])

        return ask(
            page=self,
            request=request,
            obj=broadcast,
            title="Send now",
            done="Sent off.",
            form=SendForm(
                request.POST if request.method == "POST" else None,
                initial={"estimate_hash": effect.token},
            ),
            act=act,
            facts=[*effect.facts, effect.refusal] if effect.refusal else effect.facts,
        )

    @detail_action(description="Take back to draft", url_path="unschedule")
    def unschedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._confirm(
            request,
            object_id,
            title="Take back to draft",
            done="Back to draft.",
            move=lifecycle.unschedule,
        )

    @detail_action(description="Cancel", url_path="cancel")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._confirm(
            request, object_id, title="Cancel", done="Cancelled.", move=lifecycle.cancel
        )

    @detail_action(description="Schedule", url_path="schedule")
    def schedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        broadcast = _broadcast(object_id)

        def act(form: ScheduleForm) -> object:
            return lifecycle.schedule(
                tenant=broadcast.tenant,
                broadcast_id=broadcast.id,
                at=form.cleaned_data["at"],
                now=timezone.now(),
            )

        return ask(
            page=self,
            request=request,
            obj=broadcast,
            title="Schedule",
            done="Scheduled.",
            form=ScheduleForm(request.POST or None),
            act=act,
        )

    @detail_action(description="Approve", url_path="approve")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._confirm(
            request,
            object_id,
            title="Approve",
            done="Approved.",
            move=partial(lifecycle.approve, actor=cast("User", request.user)),
        )

    @detail_action(description="Resume", url_path="resume")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._confirm(
            request, object_id, title="Resume", done="Resumed.", move=lifecycle.resume
        )

    @detail_action(description="Pause", url_path="pause")
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        form = PauseForm(request.POST or None)
        return self._ask(
            request,
            object_id,
            title="Pause",
            done="Paused.",
            form=form,
            move=lambda **move_args: lifecycle.pause(
                reason=form.cleaned_data["reason"], **move_args
            ),
        )

    @detail_action(description="Retry failed messages", url_path="retry-failed")
    def retry_failed(self, request: HttpRequest, object_id: str) -> HttpResponse:
        form = RetryForm(request.POST if request.method == "POST" else None)
        return self._ask(
            request,
            object_id,
            title="Retry failed messages",
            done="A child broadcast retries the failed messages.",
            form=form,
            move=lambda **move_args: lifecycle.retry_failed(
                actor=cast("User", request.user),
                include_unreachable=form.cleaned_data["include_unreachable"],
                **move_args,
            ),
        )

    @detail_action(description="Resolve unknown messages", url_path="resolve-unknown")
    def resolve_unknown(self, request: HttpRequest, object_id: str) -> HttpResponse:
        form = ResolveForm(request.POST if request.method == "POST" else None)
        form.fields["decision"].label = f"Messages of unknown fate: {_unknown(object_id)}"
        return self._ask(
            request,
            object_id,
            title="Resolve unknown messages",
            done="Resolved.",
            form=form,
            move=lambda **move_args: lifecycle.resolve_unknown(
                actor=cast("User", request.user),
                decision=Decision(form.cleaned_data["decision"]),
                **move_args,
            ),
        )

    def _ask(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        title: str,
        done: str,
        form: forms.Form,
        move: Callable[..., Any],
    ) -> HttpResponse:
        broadcast = _broadcast(object_id)
        return ask(
            page=self,
            request=request,
            obj=broadcast,
            title=title,
            done=done,
            form=form,
            act=lambda _: move_one(broadcast, move),
        )

    def _confirm(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        title: str,
        done: str,
        move: Callable[..., Any],
    ) -> HttpResponse:
        form = Confirm(request.POST)
        return self._ask(request, object_id, title=title, done=done, form=form, move=move)


def _broadcast(object_id: str) -> Broadcast:
    return get_object_or_404(Broadcast.objects.select_related("tenant"), pk=object_id)


def _unknown(object_id: str) -> int:
    counters = getattr(_broadcast(object_id), "counters", None)
    return counters.unknown if counters else 0
