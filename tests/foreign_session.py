"""A session that is none of ours, for example an operator's psql, which holds locks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from django.db import connection

Lock = tuple[str, Any]
"""A SELECT that locks rows, and its parameter."""


@contextmanager
def foreign_session() -> Iterator[Any]:
    """A cursor within a transaction that ends with the block."""
    session = psycopg2.connect(**_parameters())
    try:
        with session.cursor() as cursor:
            yield cursor
    finally:
        session.close()


@contextmanager
def locked_elsewhere(*locks: Lock) -> Iterator[None]:
    """Another session holds these rows until the block ends."""
    with foreign_session() as cursor:
        for sql, parameter in locks:
            cursor.execute(f"{sql} FOR UPDATE", [parameter])
            assert cursor.rowcount, f"Nothing to lock: {sql}"
        yield


def _parameters() -> dict[str, Any]:
    parameters = connection.get_connection_params()
    return {name: parameters[name] for name in parameters if name not in _DJANGOS}


_DJANGOS = {"client_encoding", "cursor_factory", "options"}
"""Parameters that only Django's own sessions need; the foreign session has no time limit."""
