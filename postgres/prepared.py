"""Statements that PostgreSQL parses and plans once a connection instead of once a call.

For the few long ones that every batch runs: planning them took longer than running them. The first
five calls are still planned one by one; then PostgreSQL keeps one plan, where it is no worse. A
LIMIT must be a literal: of a parameter the planner expects a tenth of the table.
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
"""By the driver's connection: a new one knows none, and inherits none over a fork."""


def execute(cursor: Any, sql: str, params: Mapping[str, Any], *, first: str = "") -> None:
    """As `cursor.execute`; every parameter needs a type that follows from where it stands.

    `first`: a statement that is run before it in the same call, its result left unread. Each sees
    what is committed when it begins.
    """
    known = _prepared.setdefault(connection.connection, set())
    calls = []
    for name, prepare, call in map(_forms, filter(None, (first, sql))):
        if name not in known:
            cursor.execute(prepare)
            known.add(name)
        calls.append(call)
    cursor.execute("; ".join(calls), params)


@lru_cache(maxsize=64)
def _forms(sql: str) -> tuple[str, str, str]:
    """The statement's name, the PREPARE, and the EXECUTE with its named parameters."""
    names = list(dict.fromkeys(NAMED.findall(sql)))
    name = f"s_{sha256(sql.encode()).hexdigest()[:16]}"
    body = NAMED.sub(lambda found: f"${names.index(found.group(1)) + 1}", sql).replace("%%", "%")
    call = f"EXECUTE {name}" + (f"({', '.join(f'%({each})s' for each in names)})" if names else "")
    return name, f"PREPARE {name} AS {body}", call
