"""A temporary database and key prefix for a benchmark, on the durable servers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import django
import psutil
import psycopg2
import redis
from django.core.management import call_command
from django.db import connection
from psycopg2.sql import SQL, Composable, Identifier

from config.embedded import serve_where_unset
from config.environment import DATA_DIR

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True, slots=True)
class Servers:
    """The processes of both servers, which run on this machine."""

    postgres: list[psutil.Process]
    valkey: list[psutil.Process]


@contextmanager
def throw_away() -> Iterator[Servers]:
    """Sets up Django on an empty, migrated database, which workers started meanwhile use too."""
    serve_where_unset()
    name = f"bench_{os.getpid()}"
    server = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = _with_database(server, name)
    os.environ["REDIS_KEY_PREFIX"] = f"bench-{os.getpid()}:"
    os.environ["BROADCAST_BATCH_DELAY"] = "0"
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.base"
    _on_server(server, SQL("CREATE DATABASE {}").format(Identifier(name)))
    try:
        django.setup()
        call_command("migrate", verbosity=0)
        _require_durable()
        _open_limiters(os.environ["REDIS_KEY_PREFIX"])
        yield _processes()
    finally:
        connection.close()
        _on_server(server, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
        _remove_keys(os.environ["REDIS_KEY_PREFIX"])


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _on_server(url: str, statement: Composable) -> None:
    server = psycopg2.connect(url)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(statement)
    server.close()


def _require_durable() -> None:
    with connection.cursor() as cursor:
        for name in DURABLE:
            cursor.execute(f"SHOW {name}")
            if cursor.fetchone() != ("on",):
                raise RuntimeError(f"{name} is off, but it is on in production.")


def _processes() -> Servers:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        valkey = int(client.info("server")["process_id"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(int(cursor.fetchone()[0]))
    postmaster = backend.parent()
    assert postmaster is not None
    return Servers(postgres=[postmaster], valkey=[psutil.Process(valkey)])


def _remove_keys(prefix: str) -> None:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            client.delete(key)


def _open_limiters(prefix: str) -> None:
    """Opens the limiters: with an empty memory they start closed (WhatsApp's for six seconds)."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.set(f"{prefix}pace:epoch", 1)


def data_folder() -> Path:
    """The folder for results and logs."""
    folder = DATA_DIR / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
