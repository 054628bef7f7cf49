"""An admin page that asks for confirmation or for a few values, then acts on one object."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from django import forms
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from api.errors import DomainError
from backoffice.pages import ModelAdminBase

FormT = TypeVar("FormT", bound=forms.Form)


class Confirm(forms.Form):
    """A form without fields: pressing the button confirms."""


def ask(
    *,
    page: ModelAdminBase,
    request: HttpRequest,
    obj: Model,
    title: str,
    done: str | Callable[[FormT], str],
    form: FormT,
    act: Callable[[FormT], object],
    facts: Sequence[str] = (),
    is_removed: bool = False,
) -> HttpResponse:
    """Show the form; once it is valid, act, log and go back. A refusal shows in the form.

    `facts` say what the action would do. If the action removes the object, `is_removed` leads back
    to the list.
    """
    name, pk = str(obj), obj.pk
    if request.method == "POST" and form.is_valid() and _acted(form=form, act=act):
        message = done if isinstance(done, str) else done(form)
        obj.pk = pk  # Django clears the key of a deleted object
        page.log_change(request, obj, message)
        page.message_user(request, f"{name}: {message}")
        return HttpResponseRedirect(_list_of(page) if is_removed else _address_of(page, obj))
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "original": obj,
        "title": title,
        "form": form,
        "facts": facts,
        "back": _address_of(page, obj),
    }
    return TemplateResponse(request, "admin/ask.html", context)


def _acted(*, form: FormT, act: Callable[[FormT], object]) -> bool:
    try:
        act(form)
    except DomainError as refusal:
        attr = refusal.attr if refusal.attr in form.fields else None
        form.add_error(attr, refusal.detail)
        return False
    return True


def _address_of(page: ModelAdminBase, obj: Model) -> str:
    opts = page.opts
    name = f"{page.admin_site.name}:{opts.app_label}_{opts.model_name}_change"
    return reverse(name, args=(obj.pk,))


def _list_of(page: ModelAdminBase) -> str:
    opts = page.opts
    return reverse(f"{page.admin_site.name}:{opts.app_label}_{opts.model_name}_changelist")
