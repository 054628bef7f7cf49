"""The number of SQL statements that an action sends."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def statements_of(action: Callable[[], object]) -> int:
    """Counts every statement except PREPARE, which a connection sends only the first time."""
    with CaptureQueriesContext(connection) as queries:
        action()
    return sum(not query["sql"].startswith("PREPARE") for query in queries)
