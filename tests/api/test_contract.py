"""The check of every answer against the document: it finds what it is for, and skips little."""

from typing import Any

import pytest
from django.http import HttpResponse, JsonResponse
from django.urls import get_resolver
from jsonschema import Draft202012Validator
from rest_framework.serializers import ModelSerializer

from tests.api.objects import PUBLIC_NAMES, PUBLIC_PREFIXES
from tests.api.routes import all_routes
from tests.contract import METHODS, UNDOCUMENTED, Drift, check, document

WALLET = {
    "balance": "1.000000",
    "held": "0.000000",
    "available": "1.000000",
    "credit_line": "0.000000",
    "currency": "EUR",
    "low_balance_threshold": None,
}


def check_wallet(answer: HttpResponse) -> None:
    check(answer, method="GET", path="/wallet/")


def test_an_answer_as_documented_passes() -> None:
    check_wallet(JsonResponse(WALLET))


@pytest.mark.parametrize(
    "change",
    [{"surplus": 1}, {"held": None}, {"held": 0}, {"balance": "1.0000001"}],
    ids=str,
)
def test_another_property_null_or_type_is_drift(change: dict[str, Any]) -> None:
    with pytest.raises(Drift, match=next(iter(change))):
        check_wallet(JsonResponse({**WALLET, **change}))


def test_a_missing_property_is_drift() -> None:
    with pytest.raises(Drift, match="'held' is a required property"):
        check_wallet(
            JsonResponse({name: value for name, value in WALLET.items() if name != "held"})
        )


def test_another_status_or_media_type_is_drift() -> None:
    with pytest.raises(Drift, match="status is not documented"):
        check_wallet(JsonResponse(WALLET, status=201))
    with pytest.raises(Drift, match="text/html is not documented"):
        check_wallet(HttpResponse("<p>"))


def test_a_refusal_in_another_shape_is_drift() -> None:
    with pytest.raises(Drift, match="errors"):
        check_wallet(JsonResponse({"detail": "Not found."}, status=404))
    with pytest.raises(Drift, match="errors"):
        check(JsonResponse({}, status=404), method="GET", path="/no/such/path/")


def test_only_pages_outside_the_api_are_not_compared() -> None:
    """Every other route is in the document; only the log-in needs no token."""
    assert len(UNDOCUMENTED) == 10
    for route in all_routes():
        pattern = "/" + route.pattern.removeprefix("^")
        outside = route.name in PUBLIC_NAMES or route.pattern.startswith(PUBLIC_PREFIXES)
        is_log_in = route.name in {"token", "token-refresh"}
        is_home = route.name == "home"
        assert is_home or pattern.startswith(UNDOCUMENTED) == (outside and not is_log_in), route


def examples() -> list[Any]:
    """The examples of all bodies and answers, with the schema of each."""
    return [
        pytest.param(media["schema"], example["value"], id=f"{method} {path} {name}")
        for path, item in document()["paths"].items()
        for method in METHODS
        for body in bodies_of(item.get(method, {}))
        for media in body.get("content", {}).values()
        for name, example in media.get("examples", {}).items()
    ]


def bodies_of(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation.get("requestBody", {}), *operation.get("responses", {}).values()]


@pytest.mark.parametrize(("schema", "value"), examples())
def test_an_example_is_as_its_schema_says(schema: dict[str, Any], value: Any) -> None:
    components = document()["components"]
    validator = Draft202012Validator({**schema, "components": components})

    assert [error.message for error in validator.iter_errors(value)] == []


def test_the_document_allows_what_the_columns_hold() -> None:
    """A column that may be null or empty may be so in an answer, whichever rows a test makes."""
    components = document()["components"]
    missing = [
        f"{name}.{field}: {value!r}"
        for name, field, value, schema in rare_values(components["schemas"])
        if not Draft202012Validator({**schema, "components": components}).is_valid(value)
    ]
    assert missing == []


def rare_values(schemas: dict[str, Any]) -> list[tuple[str, str, str | None, Any]]:
    """Component, property, null or the empty choice, and the schema of the property."""
    get_resolver().url_patterns  # noqa: B018 - imports every module of the API
    values: list[tuple[str, str, str | None, Any]] = []
    for cls in row_serializers(ModelSerializer):
        name = cls.__name__.removesuffix("Serializer")
        properties = schemas.get(name, {}).get("properties", {})
        columns = {column.name: column for column in cls.Meta.model._meta.fields}
        for field in cls().fields.values():
            column, schema = columns.get(field.source), properties.get(field.field_name)
            if column is None or schema is None:
                continue
            if column.null:
                values.append((name, field.field_name, None, schema))
            if column.choices and column.blank:
                values.append((name, field.field_name, "", schema))
    assert len(values) > 20
    return values


def row_serializers(base: Any) -> list[Any]:
    """The subclasses of ModelSerializer that belong to the product."""
    found = []
    for cls in base.__subclasses__():
        found += row_serializers(cls)
        if hasattr(cls, "Meta") and not cls.__module__.startswith(("rest_framework", "tests.")):
            found.append(cls)
    return found
