"""Removes a test run's keys, and the databases and keys that killed runs have left."""

import os
from collections.abc import Iterable

import psycopg2
import redis
from django.conf import settings
from django.db import connections
from psycopg2.sql import SQL, Identifier

from config.settings.test import SERVERS, TEST_DATABASE_PREFIX, TEST_KEY_PREFIX


def remove_own_keys() -> None:
    _remove_keys(settings.REDIS_KEY_PREFIX)


def remove_leftovers() -> None:
    """Removes databases and keys of killed runs, but only on the tests' own servers."""
    if SERVERS is None:
        return
    for run in _runs_with_databases():
        if not _is_alive(run):
            _drop(f"{TEST_DATABASE_PREFIX}{run}")
            _remove_keys(f"{TEST_KEY_PREFIX}{run}:")


def _runs_with_databases() -> Iterable[int]:
    prefix = TEST_DATABASE_PREFIX
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        names = [str(name).removeprefix(prefix) for (name,) in cursor.fetchall()]
    return [int(name) for name in names if name.isdecimal()]


def _is_alive(run: int) -> bool:
    try:
        os.kill(run, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _drop(name: str) -> None:
    connection = psycopg2.connect(
        **connections["default"].get_connection_params() | {"dbname": "postgres"}
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
    connection.close()


def _remove_keys(prefix: str) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            client.delete(key)
