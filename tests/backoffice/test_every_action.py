"""Every action of every admin page is confirmed on a page of its own, and does its work."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from tenants.models import User
from tests.backoffice.action_cases import CASES, Scene
from tests.fixtures.types import MakeBroadcast, MakePeople, SendBroadcast
from wallet.models import Wallet

UNFOLD = ("actions_detail", "actions_list", "actions_row", "actions_submit_line")


def request() -> Any:
    as_superuser = RequestFactory().get("/")
    as_superuser.user = User(is_active=True, is_superuser=True)
    return as_superuser


SELECTED = [
    (model, name)
    for model, page in admin.site._registry.items()
    for name in page.get_actions(request())
]
DETAIL = [
    (model, name)
    for model, page in admin.site._registry.items()
    for attribute in UNFOLD
    for name in getattr(page, attribute, ())
]


@pytest.fixture
def scene(rich: Wallet, people: MakePeople, draft: MakeBroadcast, sent: SendBroadcast) -> Scene:
    return Scene(rich, people, draft, sent)


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_every_action_has_a_case() -> None:
    assert set(CASES) == {*SELECTED, *DETAIL}


@pytest.mark.parametrize(("model", "name"), SELECTED)
def test_an_action_on_selected_rows_is_confirmed_and_done(
    model: type[Model], name: str, superuser: Client, scene: Scene
) -> None:
    case = CASES[model, name]
    row = case.row(scene)
    before = type(row)._default_manager.values().get(pk=row.pk)

    page = superuser.post(list_of(model), {"action": name, "_selected_action": str(row.pk)})

    assert page.status_code == 200
    assert type(row)._default_manager.values().get(pk=row.pk) == before
    confirmed = superuser.post(list_of(model), hidden_inputs(page.text), follow=True)
    assert confirmed.status_code == 200
    assert case.done(row)


def hidden_inputs(page: str) -> dict[str, str]:
    """What the page's button posts."""
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: value for name, value in inputs if name != "csrfmiddlewaretoken"}


@pytest.mark.parametrize(("model", "name"), DETAIL)
def test_an_action_on_one_row_is_confirmed_and_done(
    model: type[Model], name: str, superuser: Client, scene: Scene
) -> None:
    case = CASES[model, name]
    row = case.row(scene)
    before = type(row)._default_manager.values().get(pk=row.pk)
    path = getattr(admin.site._registry[model], name).url_path
    page = f"{list_of(model)}{row.pk}/{path}/"

    assert superuser.get(page).status_code == 200
    assert type(row)._default_manager.values().get(pk=row.pk) == before
    answer = superuser.post(page, dict(case.form))

    assert answer.status_code == 302, answer.context["form"].errors
    assert case.done(row)


@pytest.mark.parametrize(("model", "name"), SELECTED)
def test_staff_run_no_action(model: type[Model], name: str, staff: Client, scene: Scene) -> None:
    row = CASES[model, name].row(scene)
    form = {"action": name, "_selected_action": str(row.pk), "confirmed": "yes", "post": "yes"}
    assert staff.post(list_of(model), form).status_code == 302
    assert not CASES[model, name].done(row)
