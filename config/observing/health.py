"""The probes: whether this process is up (/healthz) and whether it can work (/readyz)."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.observing.metrics import may_see_metrics, metrics
from config.observing.readiness import CHECKS

log = structlog.get_logger(__name__)


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
    """503 while a need is not met; who may see the metrics is told which, and why."""
    missing = {name: reason for name, check in CHECKS.items() if (reason := check())}
    if not missing:
        return JsonResponse({"status": "ok"})
    log.warning("not_ready", **missing)
    details = {"missing": missing} if may_see_metrics(request) else {}
    return JsonResponse({"status": "unavailable", **details}, status=503)


_PROBES = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
