"""Every model has its pages in the admin; only superusers see them, and no page shows a secret."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.forms import ChoiceField, ModelChoiceField
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from channels.models import ProviderApp, TenantWAApp
from tenants.models import User
from tests.backoffice.rows import SECRET

OURS = (
    "tenants",
    "channels",
    "contacts",
    "templates_wa",
    "wallet",
    "tracking",
    "broadcast",
    "doctor",
    "inbound",
)
# The admin takes no composite keys: messages show and search their provider ids themselves.
MODELS = [
    model
    for app in OURS
    for model in apps.get_app_config(app).get_models()
    if len(model._meta.pk_fields) == 1
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
Rows = dict[type[Model], Model]


def address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def may_add(model: type[Model]) -> bool:
    request = RequestFactory().get("/")
    request.user = User(is_active=True, is_superuser=True)
    return admin.site._registry[model].has_add_permission(request)


@every_model
def test_every_model_has_its_pages(model: type[Model]) -> None:
    assert model in admin.site._registry


@every_model
def test_a_superuser_sees_every_list(model: type[Model], superuser: Client, rows: Rows) -> None:
    answer = superuser.get(address(model, "changelist"))
    assert answer.status_code == 200
    assert SECRET not in answer.text
    assert len(answer.context["cl"].result_list) >= 1


@every_model
def test_a_superuser_sees_every_object(model: type[Model], superuser: Client, rows: Rows) -> None:
    answer = superuser.get(address(model, "change", rows[model].pk))
    assert answer.status_code == 200
    assert SECRET not in answer.text


@every_model
def test_the_page_that_adds_is_there_where_adding_is(model: type[Model], superuser: Client) -> None:
    answer = superuser.get(address(model, "add"))
    assert answer.status_code == (200 if may_add(model) else 403)


@every_model
def test_a_page_that_adds_chooses_nothing_by_itself(model: type[Model], superuser: Client) -> None:
    """A preselected platform or provider would be saved as if the operator had chosen it."""
    if not may_add(model):
        return
    form = superuser.get(address(model, "add")).context["adminform"].form
    for name, field in form.fields.items():
        if isinstance(field, ChoiceField) and not isinstance(field, ModelChoiceField):
            chosen = form.get_initial_for_field(field, name)
            assert chosen or field.valid_value(""), name


def test_a_whatsapp_app_is_offered_the_providers_of_whatsapp(superuser: Client) -> None:
    form = superuser.get(address(TenantWAApp, "add")).context["adminform"].form

    assert [key for key, _ in form.fields["provider"].choices] == [
        "",
        "gupshup",
        "meta_cloud",
        "twilio",
    ]


@every_model
def test_an_id_is_searched_for(model: type[Model], superuser: Client, rows: Rows) -> None:
    answer = superuser.get(address(model, "changelist"), {"q": str(rows[model].pk)})
    assert answer.status_code == 200


@every_model
def test_a_list_filtered_by_a_nul_is_refused(model: type[Model], superuser: Client) -> None:
    filters = [f for f in admin.site._registry[model].list_filter if isinstance(f, str)]
    for name in [*filters, "q"]:
        answer = superuser.get(address(model, "changelist"), {f"{name}": "A\x00"})
        assert answer.status_code == 400, name


@every_model
@pytest.mark.parametrize("value", ["None", "\x00", "1"])
def test_what_is_no_id_is_an_error_of_its_field(
    model: type[Model], superuser: Client, rows: Rows, value: str
) -> None:
    """If the page is shown again with its errors, it looks up the chosen object."""
    pages = [address(model, "add"), address(model, "change", rows[model].pk)]
    for page in pages if may_add(model) else []:
        form = superuser.get(page).context["adminform"].form
        for name in admin.site._registry[model].autocomplete_fields:
            if name in form.fields:
                answer = superuser.post(page, {name: value})
                assert answer.status_code == 200
                assert name in answer.context["adminform"].form.errors


@every_model
def test_staff_are_refused(model: type[Model], staff: Client, rows: Rows) -> None:
    for page in (address(model, "changelist"), address(model, "add")):
        answer = staff.get(page)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("name", ["LedgerEntry", "Click", "BroadcastMessage"])
def test_a_large_list_is_never_counted(
    name: str, superuser: Client, rows: Rows, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    model = next(model for model in MODELS if model.__name__ == name)
    with django_assert_max_num_queries(4) as captured:
        superuser.get(address(model, "changelist"))
    assert not [q for q in captured.captured_queries if "COUNT(" in q["sql"]]


@pytest.mark.parametrize(
    "name", ["LedgerEntry", "Hold", "BroadcastMessage", "BroadcastCounters", "Batch", "Lane"]
)
def test_a_record_is_neither_changed_nor_deleted(name: str, superuser: Client, rows: Rows) -> None:
    model = next(model for model in MODELS if model.__name__ == name)
    before = model._default_manager.values().get(pk=rows[model].pk)
    assert superuser.post(address(model, "change", rows[model].pk), {}).status_code == 403
    assert superuser.post(address(model, "delete", rows[model].pk), {}).status_code == 403
    assert model._default_manager.values().get(pk=rows[model].pk) == before


def test_the_webhook_of_an_app_stays_the_same(superuser: Client, rows: Rows) -> None:
    app = rows[ProviderApp]
    assert isinstance(app, ProviderApp)
    assert app.webhook_path in superuser.get(address(ProviderApp, "change", app.pk)).text
