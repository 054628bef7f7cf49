import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

BOTH = pytest.mark.parametrize("slash", ["", "/"])


@BOTH
def test_a_live_process_says_so_without_asking_anything(client: Client, slash: str) -> None:
    response = client.get(f"/healthz{slash}")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@BOTH
@pytest.mark.django_db
def test_a_process_with_all_its_servers_is_ready(client: Client, slash: str) -> None:
    response = client.get(f"/readyz{slash}")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_a_missing_redis_is_named_and_its_address_is_not(
    client: Client, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["missing"] == {"redis": "does not answer"}


@pytest.mark.django_db
def test_a_stranger_is_not_told_what_is_missing(settings: Settings) -> None:
    settings.REDIS_URL, settings.METRICS_TOKEN = "redis://127.0.0.1:1/0", "a-token"
    strangers = (
        {"REMOTE_ADDR": "203.0.113.7"},
        {"headers": {"X-Forwarded-For": "203.0.113.7"}},
        {"REMOTE_ADDR": "203.0.113.7", "headers": {"Authorization": "Bearer wrong"}},
    )
    for stranger in strangers:
        response = Client(**stranger).get("/readyz")
        assert (response.status_code, response.json()) == (503, {"status": "unavailable"})
    operator = Client(REMOTE_ADDR="203.0.113.7", headers={"Authorization": "Bearer a-token"})
    assert operator.get("/readyz").json()["missing"] == {"redis": "does not answer"}


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/readyz",
        "/metrics",
        "/no/such/page",
        "/admin/no/such/",
        "/admin/login/",
        "/r/x/",
    ],
)
@pytest.mark.django_db
def test_no_answer_tells_a_stranger_versions_or_settings(path: str) -> None:
    client = Client(REMOTE_ADDR="203.0.113.7", enforce_csrf_checks=True)
    for response in (client.get(path), client.post(path, {"a": "b"})):
        text = f"{response.headers} {response.content.decode()}"
        for word in ("django", "DEBUG", "Traceback", "SECRET", "PostgreSQL", "gunicorn", "5.2"):
            assert word not in text.replace("/static/", ""), word


@pytest.mark.django_db
def test_a_missing_migration_is_counted(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["missing"] == {"migrations": "1 not applied"}


def test_probes_answer_to_any_host(client: Client) -> None:
    assert client.get("/healthz", headers={"Host": "10.0.0.7"}).status_code == 200


def test_a_sensible_request_id_comes_back(client: Client) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": "order-17"})

    assert response["X-Request-ID"] == "order-17"


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 65, '{"a":1}'])
def test_any_other_request_id_is_replaced(client: Client, request_id: str) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": request_id})

    assert len(response["X-Request-ID"]) == 36


def test_a_browser_elsewhere_may_send_its_headers_and_read_ours(client: Client) -> None:
    origin = "https://app.example.com"
    preflight = client.options(
        "/token/",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, idempotency-key, x-request-id",
        },
    )
    answer = client.get("/schema/", headers={"Origin": origin})

    allowed = preflight["Access-Control-Allow-Headers"]
    assert {"authorization", "idempotency-key", "x-request-id"} <= set(allowed.split(", "))
    assert answer["Access-Control-Allow-Origin"] == origin
    assert {"Retry-After", "X-Request-ID"} <= set(
        answer["Access-Control-Expose-Headers"].split(", ")
    )


def test_no_origin_is_allowed_that_is_not_named(client: Client) -> None:
    answered = client.get("/schema/", headers={"Origin": "https://evil.example.com"})

    assert "Access-Control-Allow-Origin" not in answered
