"""Statements that PostgreSQL parses and plans once per connection instead of once per call.

They are for the few long statements of every batch, whose planning took longer than their
execution. PostgreSQL plans the first five calls one by one; then it keeps one plan if that is no
worse. A LIMIT must be a literal: for a parameter the planner expects a tenth of the table.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

NAMED = re.compile(r"%\((\w+)\)s")

_prepared: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()
"""The prepared names by driver connection: a new one has none, and a fork inherits none."""


def execute(cursor: Any, sql: str, params: Mapping[str, Any], *, first: str = "") -> None:
    """Like `cursor.execute`, but the type of every parameter must follow from its place.

    `first` is a statement that runs before it in the same call; its result is not read. Each of the
    two sees the rows that are committed when it begins.
    """
    prepared_names = _prepared.setdefault(connection.connection, set())
    calls = []
    for name, prepare, call in map(_forms, filter(None, (first, sql))):
        if name not in prepared_names:
            cursor.execute(prepare)
            prepared_names.add(name)
        calls.append(call)
    cursor.execute("; ".join(calls), params)


@lru_cache(maxsize=64)
def _forms(sql: str) -> tuple[str, str, str]:
    """The statement's name, the PREPARE, and the EXECUTE with its named parameters."""
    names = list(dict.fromkeys(NAMED.findall(sql)))
    name = f"s_{sha256(sql.encode()).hexdigest()[:16]}"
    body = NAMED.sub(lambda match: f"${names.index(match.group(1)) + 1}", sql).replace("%%", "%")
    call = f"EXECUTE {name}" + (
        f"({', '.join(f'%({parameter})s' for parameter in names)})" if names else ""
    )
    return name, f"PREPARE {name} AS {body}", call
