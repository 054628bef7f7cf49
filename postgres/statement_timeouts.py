"""How long a statement of a web request may take, and what is exempt from it."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from django.conf import settings
from django.db import connection

T = TypeVar("T")


def limit_statements_of_this_process() -> None:
    """Make PostgreSQL cancel every statement after WEB_STATEMENT_TIMEOUT seconds; 0 sets no limit.

    Only the entry points of the web server call it, before the first connection: workers,
    migrations and commands have no limit.
    """
    if settings.WEB_STATEMENT_TIMEOUT:
        options = settings.DATABASES["default"].setdefault("OPTIONS", {})
        limit = f"-c statement_timeout={round(settings.WEB_STATEMENT_TIMEOUT * 1000)}"
        # First, because options in DATABASE_URL win.
        options["options"] = f"{limit} {options.get('options', '')}".rstrip()


def without_statement_timeout(lines: Iterable[T]) -> Iterator[T]:
    """The lines of a streamed download: its cursor reads a whole table in one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    try:
        yield from lines
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
