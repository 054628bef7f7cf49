"""The probes: whether this process is up (/healthz) and whether it can work (/readyz)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.observing.metrics import metrics
from config.observing.readiness import CHECKS


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
    """503, with what is missing by name, while this process cannot do all of its work."""
    missing = {name: reason for name, check in CHECKS.items() if (reason := check())}
    if missing:
        return JsonResponse({"status": "unavailable", "missing": missing}, status=503)
    return JsonResponse({"status": "ok"})


_PROBES = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
