"""The probes: whether this process is up (/healthz) and whether it can work (/readyz)."""

from collections.abc import Callable

import redis
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.observing.metrics import may_see_metrics, metrics

log = structlog.get_logger(__name__)

_TIMEOUT = 2  # seconds; a load balancer soon asks again


class ProbesMiddleware:
    """Answers the probes before hosts are checked and http is redirected.

    A load balancer calls from inside the network, by address and over plain http.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = _PROBES.get(request.path.rstrip("/"))
        return probe(request) if probe else self._get_response(request)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Checks no dependency: a restart would not bring a lost database back."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """503 while a dependency does not answer; who may see the metrics is told which, and why."""
    missing = {name: reason for name, check in _CHECKS.items() if (reason := check())}
    if not missing:
        return JsonResponse({"status": "ok"})
    log.warning("not_ready", **missing)
    details = {"missing": missing} if may_see_metrics(request) else {}
    return JsonResponse({"status": "unavailable", **details}, status=503)


def _postgresql() -> str:
    """Gives no further reason, because a driver's message holds addresses and account names."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return ""


def _redis() -> str:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
        ) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return "does not answer"
    return ""


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, ImproperlyConfigured):
        return "cannot be read"
    return f"{len(plan)} not applied" if plan else ""


_PROBES = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
_CHECKS: dict[str, Callable[[], str]] = {
    "postgresql": _postgresql,
    "redis": _redis,
    "migrations": _migrations,
}
