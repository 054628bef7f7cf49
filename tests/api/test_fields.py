"""An object of texts has limits, wherever the API takes one."""

from typing import Any

import pytest
from rest_framework.serializers import ValidationError
from rest_framework.test import APIClient

from api.fields import MAX_NAME, MAX_NAMES, TextMapField
from tenants.models import Tenant
from tests.factories import TemplateFactory

TOO_LARGE: dict[str, dict[str, Any]] = {
    "too_many_names": {f"name_{n}": "x" for n in range(MAX_NAMES + 1)},
    "name_too_long": {"x" * (MAX_NAME + 1): "x"},
    "max_length": {"name": "x" * 1025},
    "invalid": {"name": {"deeper": "x"}},
}


def test_an_object_within_the_limits_is_taken() -> None:
    texts = {f"name_{n}": "x" * 1024 for n in range(MAX_NAMES - 1)} | {"x" * MAX_NAME: ""}

    assert TextMapField().run_validation(texts) == texts


@pytest.mark.parametrize("code", TOO_LARGE)
def test_a_limit_has_its_code(code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TextMapField().run_validation(TOO_LARGE[code])
    detail: Any = refused.value.get_codes()
    assert detail in ([code], {"name": [code]})


@pytest.mark.parametrize("code", TOO_LARGE)
def test_every_operation_keeps_the_limits(owner: APIClient, tenant: Tenant, code: str) -> None:
    texts = TOO_LARGE[code]
    template = TemplateFactory.create(tenant=tenant)
    calls = [
        ("/broadcast/", {"template_params": texts}, "template_params"),
        (
            "/broadcast/",
            {"fallback": [{"platform": "SMS", "template_params": texts}]},
            "fallback.0.template_params",
        ),
        ("/broadcast/estimate/", {"template_params": texts}, "template_params"),
        ("/templates/", {"examples": texts}, "examples"),
        (f"/templates/{template.pk}/preview/", {"values": texts}, "values"),
    ]
    for url, body, attr in calls:
        answer = owner.post(url, body)
        assert answer.status_code == 400
        codes = {
            error["code"] for error in answer.json()["errors"] if error["attr"].startswith(attr)
        }
        assert codes == {code}, url


@pytest.mark.parametrize(
    ("tags", "attr"),
    [
        ({"any": ["x" * 101]}, "audience.tags.any.0"),
        ({"none": ["x"] * 101}, "audience.tags.none"),
    ],
)
def test_an_audience_names_no_tag_that_cannot_be(
    owner: APIClient, tags: dict[str, Any], attr: str
) -> None:
    answer = owner.post("/broadcast/estimate/", {"audience": {"tags": tags}})

    assert (attr, "max_length") in {
        (error["attr"], error["code"]) for error in answer.json()["errors"]
    }
