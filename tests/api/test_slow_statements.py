"""A statement of a web request that takes too long is cancelled and answered with 503."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections
from django.test import Client
from rest_framework.test import APIClient

from config.environment import BASE_DIR
from postgres.statement_timeouts import without_statement_timeout
from tests.workers import environment

SHOW = """
import {entry}
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW statement_timeout")
    print(cursor.fetchone()[0])
"""


@contextmanager
def locked_contacts() -> Iterator[None]:
    """Another session holds the table, and this one waits for it for a fifth of a second."""
    other = connections.create_connection("default")
    with other.cursor() as cursor, connection.cursor() as own_cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE contacts_contact IN ACCESS EXCLUSIVE MODE")
        own_cursor.execute("SET statement_timeout = '200ms'")
        try:
            yield
        finally:
            own_cursor.execute("RESET statement_timeout")
            cursor.execute("ROLLBACK")
    other.close()


@pytest.mark.django_db(transaction=True)
def test_the_api_answers_503_with_a_code(owner: APIClient) -> None:
    with locked_contacts():
        answer = owner.get("/contacts/")
    assert answer.status_code == 503
    (error,) = answer.json()["errors"]
    assert error["code"] == "statement_timeout"
    assert "15 seconds" in error["detail"]
    assert owner.get("/contacts/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_admin_answers_503(superuser: Client) -> None:
    with locked_contacts():
        answer = superuser.get("/admin/contacts/contact/")
    assert answer.status_code == 503
    assert "The database needed more than 15 seconds." in answer.text


@pytest.mark.django_db
def test_a_streamed_download_has_no_limit() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '7s'")
        lines = without_statement_timeout(iter(["a", "b"]))
        assert next(lines) == "a"
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
        assert list(lines) == ["b"]
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)  # what this session began with


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("entry", "seconds", "limit"),
    [
        ("config.wsgi", "15", "15s"),
        ("config.asgi", "2.5", "2500ms"),
        ("config.wsgi", "0", "0"),
        ("config.celery; import django; django.setup()", "15", "0"),
    ],
)
def test_only_the_web_server_has_a_limit(entry: str, seconds: str, limit: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SHOW.format(entry=entry)],
        cwd=BASE_DIR,
        env={**os.environ, **environment(), "WEB_STATEMENT_TIMEOUT": seconds},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split()[-1] == limit
