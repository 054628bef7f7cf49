"""`/schema/` and the page that shows the schema."""

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from config.openapi import document as api_document

JSON = "application/vnd.oai.openapi+json"
YAML = "application/vnd.oai.openapi"


@pytest.fixture(autouse=True)
def _as_in_a_new_process() -> None:
    api_document.document.cache_clear()
    api_document._schema.cache_clear()


def test_the_document_is_built_once_for_any_number_of_requests(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    build = SchemaGenerator.get_schema

    def counted(self: SchemaGenerator, request: object, public: bool) -> object:
        built.append(1)
        return build(self, request=request, public=public)

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)

    answers = [client.get("/schema/", headers={"Accept": accept}) for accept in (JSON, YAML) * 2]

    assert [accept.status_code for accept in answers] == [200] * 4
    assert len(built) == 1
    assert answers[0].content == answers[2].content
    assert answers[1].content == answers[3].content


@pytest.mark.parametrize(
    ("query", "accept", "media_type", "suffix"),
    [
        ("", JSON, JSON, "json"),
        ("", YAML, YAML, "yaml"),
        ("", "*/*", YAML, "yaml"),
        ("?format=json", "*/*", JSON, "json"),
        ("?version=2", JSON, JSON, "json"),
    ],
)
def test_the_document_comes_in_the_requested_format(
    client: Client, query: str, accept: str, media_type: str, suffix: str
) -> None:
    answer = client.get(f"/schema/{query}", headers={"Accept": accept})

    assert answer.headers["Content-Type"].partition(";")[0] == media_type
    assert answer.headers["Content-Disposition"].endswith(f'.{suffix}"')
    assert b"Broadcast API" in answer.content


def test_the_docs_page_builds_no_document(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(SchemaGenerator, "get_schema")

    page, script = client.get("/docs/"), client.get("/docs/?script=")

    assert (page.status_code, script.status_code) == (200, 200)
    assert b"/schema" in script.content


def test_the_front_door_leads_to_the_docs(client: Client) -> None:
    answer = client.get("/", follow=True)

    assert answer.redirect_chain == [("/docs", 302)]
    assert answer.status_code == 200
