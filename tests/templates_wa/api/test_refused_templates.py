"""A template that Meta would reject is refused, with the names of the wrong fields."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from channels.models import TenantWAApp
from templates_wa.models import WhatsAppTemplate
from tests.templates_wa.api.bodies import sale


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"name": "Summer Sale"}, "name"),
        ({"name": "x" * 600}, "name"),
        ({"language": "english"}, "language"),
        ({"language": "x" * 30}, "language"),
        ({"category": "NEWS"}, "category"),
        ({"body": ""}, "body"),
        ({"body": "{{1}} begins"}, "body"),
        ({"body": "ends with {{1}}"}, "body"),
        ({"body": "a {{1}} and {{3}} gap"}, "body"),
        ({"body": "a {{1}} and {{name}} mix"}, "body"),
        ({"body": "a {{name}} by name"}, "body"),
        ({"body": "a {{1} broken"}, "body"),
        ({"body": "a {{ 1 }} apart"}, "body"),
        ({"body": "a {{0}} from nought"}, "body"),
        ({"body": "a {{Name}} in capitals"}, "body"),
        ({"body": "x" * 1025}, "body"),
        ({"parameter_format": "NAMED"}, "header_text"),
        ({"header_text": "Two {{1}} {{2}}"}, "header_text"),
        ({"header_text": "A\nbreak"}, "header_text"),
        ({"header_text": "Sale \U0001f389"}, "header_text"),
        ({"header_text": ""}, "header_text"),
        ({"header_format": "IMAGE"}, "header_text"),
        ({"footer": "Dear {{1}}"}, "footer"),
        ({"footer": "x" * 61}, "footer"),
        ({"footer": "Bye\nnow"}, "footer"),
        ({"footer": "Bye \u2764\ufe0f"}, "footer"),
        ({"buttons": [{"type": "FLOW", "text": "Go"}]}, "buttons.0.type"),
        ({"buttons": [{"text": "Go"}]}, "buttons.0.type"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": ""}]}, "buttons.0.text"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "x" * 26}]}, "buttons.0.text"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "Yes\nor no"}]}, "buttons.0.text"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "Yes \U0001f44d"}]}, "buttons.0.text"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "a", "url": "b"}]}, "buttons.0"),
        ({"buttons": [{"type": "URL", "text": "a", "url": "shop"}]}, "buttons.0.url"),
        ({"buttons": [{"type": "URL", "text": "a", "url": "https://[::1"}]}, "buttons.0.url"),
        (
            {"buttons": [{"type": "URL", "text": "a", "url": "https://a.b/{{1}}/c"}]},
            "buttons.0.url",
        ),
        ({"buttons": [{"type": "PHONE_NUMBER", "text": "a"}]}, "buttons.0.phone_number"),
        ({"buttons": [{"type": "URL", "text": "a", "url": "https://a.b"}] * 3}, "buttons"),
        (
            {
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "a"},
                    {"type": "URL", "text": "b", "url": "https://a.b"},
                    {"type": "QUICK_REPLY", "text": "c"},
                ]
            },
            "buttons",
        ),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "a"}] * 11}, "buttons"),
        ({"examples": {"1": "x" * 1025}}, "examples.1"),
        ({"app": "0197a000-0000-7000-8000-000000000000"}, "app"),
    ],
)
def test_what_meta_would_reject_is_refused(
    owner: APIClient, app: TenantWAApp, change: dict[str, Any], attr: str
) -> None:
    answer = owner.post("/templates/", sale(app, **change))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr
    assert not WhatsAppTemplate.objects.exists()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"buttons": [[]]},
        {"buttons": [{"type": {"a": 1}}]},
        {"buttons": {"type": "URL"}},
        {"buttons": None},
        {"examples": []},
        {"examples": {"1": {"a": []}}},
        {"body": None},
        {"app": {}},
    ],
)
def test_nonsense_is_refused(owner: APIClient, app: TenantWAApp, nonsense: dict[str, Any]) -> None:
    assert owner.post("/templates/", sale(app, **nonsense)).status_code == 400


def test_all_problems_are_listed_at_once(owner: APIClient, app: TenantWAApp) -> None:
    answer = owner.post("/templates/", sale(app, name="Ä", footer="{{1}}"))

    problems = answer.json()["errors"][0]["data"]["problems"]
    assert [problem["attr"] for problem in problems] == ["name", "footer"]
