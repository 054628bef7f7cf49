import re
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from openapi_spec_validator import OpenAPIV31SpecValidator


def schema_of(urlconf: str) -> dict[str, Any]:
    GENERATOR_STATS.reset()
    schema: dict[str, Any] = SchemaGenerator(urlconf=urlconf).get_schema(public=True)
    return schema


@pytest.fixture
def probes() -> dict[str, Any]:
    return schema_of("tests.api.probes")


def test_the_schema_builds_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    schema = schema_of("config.urls")

    validate_schema(schema)
    assert capsys.readouterr().err == ""
    assert schema["openapi"].startswith("3.1")


def test_the_schema_keeps_the_specification_of_openapi() -> None:
    errors = OpenAPIV31SpecValidator(schema_of("config.urls")).iter_errors()

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_operation_ids_are_stable(probes: dict[str, Any]) -> None:
    assert {op["operationId"] for op in probes["paths"]["/things/{id}/"].values()} == {
        "probe_retrieve",
        "probe_update",
        "probe_partial_update",
        "probe_destroy",
    }
    credentials = probes["paths"]["/things/{id}/credentials/"]["post"]
    assert credentials["operationId"] == "probe_credentials"


def test_operations_need_a_bearer_token_unless_public() -> None:
    paths = schema_of("config.urls")["paths"]

    assert paths["/me/"]["get"]["security"] == [{"bearer": []}]
    assert {} in paths["/token/"]["post"].get("security", [{}])


def test_every_operation_documents_its_errors() -> None:
    responses = schema_of("config.urls")["paths"]["/me/"]["get"]["responses"]

    assert {"200", "401", "403", "500"} <= set(responses)


def test_idempotent_operations_take_the_key(probes: dict[str, Any]) -> None:
    for path in ("/effect/", "/fields/"):
        parameters = probes["paths"][path]["post"]["parameters"]
        assert [parameter["name"] for parameter in parameters] == ["Idempotency-Key"]
    edit = probes["paths"]["/things/{id}/"]["put"]["parameters"]
    assert [parameter["name"] for parameter in edit] == ["id"]


METHODS = ("get", "post", "put", "patch", "delete")


def operations(urlconf: str) -> dict[str, dict[str, Any]]:
    """Maps a name such as `POST /broadcast/` to its operation."""
    paths = schema_of(urlconf)["paths"]
    return {
        f"{method.upper()} {path}": operation
        for path, item in paths.items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_every_operation_says_what_it_does_to_those_who_call_it() -> None:
    """A view without a docstring shows that of its base class, meant for programmers."""
    for name, operation in operations("config.urls").items():
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert "viewset" not in operation["description"], name


def test_a_status_that_a_description_speaks_of_is_among_the_responses() -> None:
    for name, operation in operations("config.urls").items():
        named = set(re.findall(r"\b[45]\d\d\b", operation["description"]))
        assert named <= set(operation["responses"]), name


@pytest.mark.parametrize(
    "name",
    [
        "POST /broadcast/",
        "PUT /broadcast/{id}/",
        "PATCH /broadcast/{id}/",
        "POST /broadcast/{id}/send/",
        "POST /broadcast/{id}/schedule/",
    ],
)
def test_what_holds_credits_says_that_they_may_not_suffice(name: str) -> None:
    assert {"402", "409"} <= set(operations("config.urls")[name]["responses"])
