"""/readyz says what a process lacks: a Redis or a PostgreSQL that answers may still not work."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from tests.fixtures.own_valkey import OwnValkey, own_valkey
from tests.foreign_session import foreign_session

pytestmark = pytest.mark.django_db


def missing(client: Client) -> dict[str, str]:
    response = client.get("/readyz")
    body: dict[str, dict[str, str]] = response.json()
    assert response.status_code == (503 if "missing" in body else 200)
    return body.get("missing", {})


@pytest.fixture
def valkey(tmp_path: Path, settings: Settings) -> Iterator[OwnValkey]:
    with own_valkey(tmp_path) as server:
        settings.REDIS_URL = server.url
        yield server


def test_a_redis_that_takes_no_writes_is_named(client: Client, valkey: OwnValkey) -> None:
    assert missing(client) == {}
    valkey.settings(maxmemory="1")
    assert missing(client) == {"redis": "takes no writes"}
    valkey.settings(maxmemory="0", min_replicas_to_write="1")
    assert missing(client) == {"redis": "takes no writes"}
    valkey.settings(min_replicas_to_write="0")
    with valkey.client() as redis:
        redis.replicaof("127.0.0.1", "1")
    assert missing(client) == {"redis": "takes no writes"}


def test_a_paused_redis_does_not_answer(client: Client, valkey: OwnValkey) -> None:
    with valkey.client() as redis:
        redis.client_pause(20_000, all=True)
    assert missing(client) == {"redis": "does not answer"}


def test_a_database_that_takes_no_writes_is_named(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET transaction_read_only = on")
    assert missing(client) == {"postgresql": "takes no writes"}


@pytest.mark.django_db(transaction=True)
def test_a_database_without_free_connections_is_named(client: Client) -> None:
    name = connection.settings_dict["NAME"]
    with foreign_session() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 4')
        cursor.connection.commit()
        try:
            assert missing(client) == {"postgresql": "has no free connections"}
        finally:
            cursor.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
            cursor.connection.commit()
    assert missing(client) == {}


@pytest.mark.parametrize("ahead", [40, -40])
def test_a_clock_that_differs_from_the_databases_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    monkeypatch.setattr(
        "postgres.clock.system_time", lambda: datetime.now(tz=UTC) + timedelta(seconds=ahead)
    )
    assert missing(client) == {"clock": f"differs from the database's clock by {ahead} s"}
