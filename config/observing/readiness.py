"""What a process needs in order to work, each checked as the work would use it.

A reason names no address and no account: a driver's message would.
"""

from collections.abc import Callable, Mapping

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from postgres.clock import MAX_DIFFERENCE, measured_difference

TIMEOUT = 2
"""Seconds; a load balancer soon asks again."""
CONNECTIONS_KEPT_FREE = 3
"""A process must still find a connection for a new thread."""

STATE = """
-- The tightest of three limits: of the server, the database and the role.
SELECT pg_is_in_recovery(), current_setting('transaction_read_only')::boolean, least(
    current_setting('max_connections')::int - current_setting('reserved_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    (SELECT datconnlimit - (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid)
     FROM pg_database d WHERE datname = current_database() AND datconnlimit >= 0),
    (SELECT rolconnlimit - (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid)
     FROM pg_roles r WHERE rolname = current_user AND rolconnlimit >= 0)
)
"""


def _postgresql() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute(STATE)
            is_standby, is_read_only, free = cursor.fetchone()
    except Error:
        return "does not answer"
    if is_standby or is_read_only:
        return "takes no writes"
    return "has no free connections" if free < CONNECTIONS_KEPT_FREE else ""


def _redis() -> str:
    """Writes a key, because a Redis that answers may still take no writes."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
        ) as client:
            client.set(f"{settings.REDIS_KEY_PREFIX}ready", 1, ex=60)
    except redis.ResponseError:
        return "takes no writes"
    except (redis.RedisError, OSError):
        return "does not answer"
    return ""


def _clock() -> str:
    try:
        difference = measured_difference()
    except Error:
        return ""  # the check of PostgreSQL says so
    if abs(difference) <= MAX_DIFFERENCE:
        return ""
    return f"differs from the database's clock by {difference:.0f} s"


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (Error, ImproperlyConfigured):
        return "cannot be read"
    return f"{len(plan)} not applied" if plan else ""


CHECKS: Mapping[str, Callable[[], str]] = {
    "postgresql": _postgresql,
    "redis": _redis,
    "clock": _clock,
    "migrations": _migrations,
}
"""By name; each check returns why its subject is missing, or nothing."""
