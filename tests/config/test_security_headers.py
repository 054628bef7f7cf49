"""Every answer carries the security headers: every route, the probes, files and error pages."""

import re
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from broadcast.models import BroadcastMessage
from tests.api.routes import METHODS, Route, all_routes
from tracking.links import encode

SOME_ID = str(UUID(int=0))
EXACTLY = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
UNROUTED = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/no/such/page",
    "/admin/no/such/page/",
    "/webhooks/meta_cloud/no-such-token-at-all/",
    "/static/unfold/js/app.js",
    "/static/no-such-file.js",
    "/docs/?script=",
    "/r/zzzzzzzz/",
    "/u/zzzzzzzz/",
)
ROUTES = [route for route in all_routes() if route.name]
OUTSIDE_THE_ADMIN = [route for route in ROUTES if not route.pattern.startswith("admin")]


def directives(response: Any) -> dict[str, list[str]]:
    policy = response.headers["Content-Security-Policy"]
    parts = (part.strip().split(" ") for part in policy.split(";"))
    return {name: values for name, *values in parts}


def check(response: Any) -> None:
    headers = response.headers
    assert {name: headers.get(name) for name in EXACTLY} == EXACTLY
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert "camera=()" in headers["Permissions-Policy"]
    policy = directives(response)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["form-action"] in (["'none'"], ["'self'"])
    scripts = policy.get("script-src", [])
    assert "'unsafe-inline'" not in scripts
    foreign = {source for sources in policy.values() for source in sources if ":" in source}
    assert foreign <= {"data:"}


def address(route: Route) -> str:
    for value in (SOME_ID, "1", "meta_cloud", "stripe"):
        try:
            return route.url(value)
        except NoReverseMatch:
            continue
    return f"/{route.pattern}"


@pytest.mark.parametrize("route", OUTSIDE_THE_ADMIN, ids=str)
def test_every_route_has_the_headers_for_every_method(route: Route, db: None) -> None:
    client = Client(raise_request_exception=False)

    for method in METHODS:
        check(getattr(client, method)(address(route)))


@pytest.mark.parametrize("path", UNROUTED)
def test_what_is_no_route_has_them_too(path: str, db: None) -> None:
    response = Client(raise_request_exception=False).get(path)

    check(response)
    response.close()


def test_an_unknown_host_gets_them_too(db: None) -> None:
    response = Client().get("/docs/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    check(response)


def test_a_failure_of_ours_has_them_too(settings: Settings, db: None) -> None:
    settings.ROOT_URLCONF = "tests.api.probes"
    client = Client(raise_request_exception=False)
    broken = next(route for route in all_routes("tests.api.probes") if route.name == "broken")

    response = client.get(f"/{broken.pattern.strip('^$').replace('/?', '/')}")

    assert response.status_code == 500
    check(response)


@pytest.mark.parametrize("who", ["stranger", "operator"])
def test_every_route_of_the_admin_has_them(who: str, superuser: Client) -> None:
    client = superuser if who == "operator" else Client()
    client.raise_request_exception = False

    for route in ROUTES:
        if route not in OUTSIDE_THE_ADMIN:
            check(client.get(address(route)))


class _Scripts(HTMLParser):
    """Scripts that stand in a page, instead of in a file: code, handlers and `javascript:`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        is_code = values.get("type", "text/javascript") in {"text/javascript", "module"}
        if tag == "script" and "src" not in values and is_code:
            self.found.append(f"<script> {attributes}")
        self.found += [
            f"<{tag} {name}={value!r}>"
            for name, value in attributes
            if re.fullmatch("on[a-z]+", name) or (value or "").lower().startswith("javascript:")
        ]


def scripts_in(response: Any) -> list[str]:
    parser = _Scripts()
    parser.feed(response.content.decode())
    return parser.found


@pytest.mark.parametrize("page", ["changelist", "add", "change", "delete", "history"])
def test_no_script_stands_in_a_page_of_the_admin(
    page: str, superuser: Client, rows: dict[type[Model], Model]
) -> None:
    for model, row in rows.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
        args = [] if page in {"changelist", "add"} else [row.pk]
        response = superuser.get(reverse(name, args=args))
        if response.status_code != 403:
            assert response.status_code == 200, name
            assert scripts_in(response) == [], name


def test_no_script_stands_in_a_public_page(db: None, rows: dict[type[Model], Model]) -> None:
    message = rows[BroadcastMessage]
    assert isinstance(message, BroadcastMessage)
    code = encode(token=message.token, position=0)
    for path in ("/docs/", "/admin/login/", "/r/zzzzzzzz/", "/u/zzzzzzzz/", f"/u/{code}/"):
        assert scripts_in(Client().get(path)) == [], path


@pytest.mark.parametrize("path", ["/r/zzzzzzzz/", "/u/zzzzzzzz/"])
def test_the_style_of_a_public_page_has_a_nonce_of_its_own(path: str, db: None) -> None:
    first, second = (Client().get(path) for _ in range(2))

    (source,) = directives(first)["style-src"]
    assert source.startswith("'nonce-")
    assert f'<style nonce="{source[7:-1]}">' in first.content.decode()
    assert directives(second)["style-src"] != [source]


def test_a_short_link_gives_its_target_no_referrer(db: None) -> None:
    assert Client().get("/u/zzzzzzzz/").headers["Referrer-Policy"] == "no-referrer"
