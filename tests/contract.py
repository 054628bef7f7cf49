"""Is an answer of the API what the OpenAPI document says, and an accepted body too?"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

UNDOCUMENTED = (
    "/admin",
    "/docs",
    "/healthz",
    "/metrics",
    "/r/",
    "/readyz",
    "/schema",
    "/static/",
    "/u/",
    "/webhooks/",
)
"""Paths that are no part of the API; the home page redirects to /docs."""

JSON = "application/json"
METHODS = ("get", "post", "put", "patch", "delete")
CLOSED = "urn:answers"
"""The document with closed objects: an answer has no property that is not documented."""
OPEN = "urn:bodies"
"""The document itself: a client may send back read-only properties."""


class Drift(AssertionError):
    """The API and its document differ."""


def check(response: HttpResponseBase, *, method: str, path: str) -> None:
    """Compare an answer, and the body of a request that was accepted, with the document.

    Raises Drift. Paths outside the API, and tests with routes of their own, are not checked.
    """
    if settings.ROOT_URLCONF != "config.urls" or path == "/" or path.startswith(UNDOCUMENTED):
        return
    if method in {"HEAD", "OPTIONS"}:
        return
    operation = _operation_of(method, path)
    name = f"{method} {path}, {response.status_code}"
    if operation is None or response.status_code == 405:
        _check_refusal(response, name)
        return
    operation.check_answer(response, name)
    data = _request_data(response)
    if response.status_code < 300 and data is not None:
        operation.check_body(data, name)


def _operation_of(method: str, path: str) -> "Operation | None":
    """The operation, None for a path without a route. Raises Drift for an undocumented route."""
    try:
        resolve(path)
    except Resolver404:
        return None
    for pattern, operations in _paths():
        if pattern.fullmatch(path):
            return operations.get(method.lower())
    raise Drift(f"{path} is not in the document, and not in UNDOCUMENTED.")


def _check_refusal(response: HttpResponseBase, name: str) -> None:
    """A call without an operation is refused in the shape of all refusals."""
    if response.status_code < 400:
        raise Drift(f"{name}: this operation is not in the document.")
    _compare(f"{CLOSED}#/components/schemas/ErrorResponse", _json(response), name)


@dataclass(frozen=True)
class Operation:
    """An operation of the document; `place` is its JSON pointer."""

    place: str
    content: Mapping[str, Any]

    def check_answer(self, response: HttpResponseBase, name: str) -> None:
        documented = self.content["responses"].get(str(response.status_code))
        if documented is None:
            raise Drift(f"{name}: the status is not documented. {_excerpt(response)}")
        place = f"{self.place}/responses/{response.status_code}"
        if "$ref" in documented:
            place = documented["$ref"].removeprefix("#")
            documented = document()["components"]["responses"][place.rpartition("/")[2]]
        media_type = response.headers.get("Content-Type", "").partition(";")[0]
        media_types = documented.get("content", {})
        if not media_types:
            if getattr(response, "content", b""):
                raise Drift(f"{name}: the document has no body for this answer.")
            return
        if media_type not in media_types:
            raise Drift(f"{name}: {media_type} is not documented.")
        if media_type == JSON:
            _compare(f"{CLOSED}#{place}/content/application~1json/schema", _json(response), name)

    def check_body(self, data: Any, name: str) -> None:
        for media_type in self.content.get("requestBody", {}).get("content", {}):
            place = f"{self.place}/requestBody/content/{media_type.replace('/', '~1')}/schema"
            _compare(f"{OPEN}#{place}", data, f"{name}, the body that was accepted")


def _request_data(response: HttpResponseBase) -> Any:
    """The parsed body of a request that a view of the API answered, None if it has none."""
    request = getattr(response, "renderer_context", {}).get("request")
    data: Any = getattr(request, "_full_data", None)
    if not hasattr(data, "lists"):
        return _shortened(data)
    values = {key: data.getlist(key) for key in data}
    return {key: items if key in LISTS else _form_value(items[-1]) for key, items in values.items()}


MOST_COMPARED = 1000
"""Items of a list that are compared: a body may hold 100,000 recipients."""


def _shortened(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {
        name: value[:MOST_COMPARED] if isinstance(value, list) else value
        for name, value in data.items()
    }


LISTS = frozenset({"tags"})
"""Fields of forms that may be repeated."""


def _form_value(value: Any) -> Any:
    """A form has only texts and files."""
    if isinstance(value, UploadedFile):
        return value.name
    if value.startswith("{"):
        return json.loads(value)
    return {"true": True, "false": False}.get(value.lower(), value)


def _json(response: HttpResponseBase) -> Any:
    if not isinstance(response, HttpResponse):
        raise Drift("A JSON answer is not streamed.")
    return json.loads(response.content)


def _excerpt(response: HttpResponseBase) -> str:
    return response.content[:300].decode() if isinstance(response, HttpResponse) else ""


def _compare(place: str, value: Any, name: str) -> None:
    errors = [
        f"{error.json_path}: {error.message[:500]}"
        for error in _validator(place).iter_errors(value)
    ]
    if errors:
        raise Drift("\n".join((f"{name}:", *errors[:10])))


@cache
def _validator(place: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": place}, registry=_registry(), format_checker=FORMATS)


@cache
def _registry() -> Registry[Any]:
    documents = {OPEN: document(), CLOSED: _closed(document())}
    return Registry().with_resources(
        (name, Resource.from_contents(document, default_specification=DRAFT202012))
        for name, document in documents.items()
    )


@cache
def _paths() -> list[tuple[re.Pattern[str], Mapping[str, Operation]]]:
    """Patterns of paths with their operations by method; paths without arguments come first."""
    paths = sorted(document()["paths"].items(), key=lambda item: ("{" in item[0], item[0]))
    return [
        (
            re.compile(re.sub(r"\{\w+\}", "[^/]+", path.rstrip("/")) + "/?"),
            {
                method: Operation(f"/paths/{path.replace('/', '~1')}/{method}", content)
                for method, content in item.items()
                if method in METHODS
            },
        )
        for path, item in paths
    ]


@cache
def document() -> Any:
    """The document, as /schema/ gives it."""
    generator: Any = SchemaGenerator()
    return generator.get_schema(request=None, public=True)


def _closed(node: Any) -> Any:
    """The same schemas, in which an answer's objects have no further properties."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(item) for key, item in node.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


FORMATS = FormatChecker(formats=())


def _format(name: str) -> Callable[[Callable[[str], bool]], Callable[[str], bool]]:
    def register(is_valid: Callable[[str], bool]) -> Callable[[str], bool]:
        FORMATS.checks(name, raises=ValueError)(
            lambda value: not isinstance(value, str) or is_valid(value)
        )
        return is_valid

    return register


@_format("date-time")
def _is_time(text: str) -> bool:
    return "T" in text and datetime.fromisoformat(text).tzinfo is not None


@_format("uuid")
def _is_uuid(text: str) -> bool:
    return str(UUID(text)) == text.lower()


@_format("uri")
def _is_uri(text: str) -> bool:
    return re.match(r"[a-z][a-z0-9+.-]*:\S+$", text) is not None


@_format("email")
def _is_email(text: str) -> bool:
    return re.match(r"\S+@\S+$", text) is not None
