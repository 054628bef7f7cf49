"""The webhook endpoint: verifies a call, stores it raw and answers. A task applies it later."""

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from api.raw_body import is_too_large
from api.refused_calls import NOT_SIGNED, TOO_LARGE, UNKNOWN_ENDPOINT, count_refused
from channels.models import ProviderApp
from channels.port.http_calls import WebhookCall
from channels.providers.registry import ADAPTERS, adapter_for
from inbound.webhooks.endpoints import endpoint
from inbound.webhooks.storing import store

log = structlog.get_logger(__name__)

TEXT = "text/plain; charset=utf-8"


@method_decorator(csrf_exempt, name="dispatch")
class WebhookView(View):
    """`/webhooks/{provider}/{endpoint_token}/`: 404 unknown, 403 not signed, 200 stored."""

    http_method_names = ("get", "post")

    def dispatch(
        self, request: HttpRequest, *, provider: str, endpoint_token: str
    ) -> HttpResponseBase:
        app = endpoint(provider=provider, token=endpoint_token)
        if app is None:
            label = provider if provider in ADAPTERS else "unknown"
            return _refused(404, "Not found", provider=label, reason=UNKNOWN_ENDPOINT)
        return super().dispatch(request, app=app)

    def get(self, request: HttpRequest, *, app: ProviderApp) -> HttpResponse:
        adapter = adapter_for(app.provider)
        answer = adapter.webhook.handshake(app.webhook_secrets(), _call(request, b""))
        if answer is None:
            return _refused(403, "Forbidden", provider=app.provider, reason=NOT_SIGNED)
        return HttpResponse(answer, content_type=TEXT)

    def post(self, request: HttpRequest, *, app: ProviderApp) -> HttpResponse:
        if is_too_large(request):
            return _refused(413, "Too large", provider=app.provider, reason=TOO_LARGE)
        call = _call(request, request.body)
        adapter = adapter_for(app.provider)
        # Google's handshake is a POST.
        answer = adapter.webhook.handshake(app.webhook_secrets(), call)
        if answer is not None:
            return HttpResponse(answer, content_type=TEXT)
        if not adapter.webhook.verify(app.webhook_secrets(), call):
            return _refused(403, "Forbidden", provider=app.provider, reason=NOT_SIGNED)
        body = adapter.webhook.to_store(call)
        store(app=app, event_key=adapter.webhook.event_key(body), body=body, now=timezone.now())
        return HttpResponse("OK", content_type=TEXT)


def _refused(status: int, text: str, *, provider: str, reason: str) -> HttpResponse:
    count_refused(provider=provider, reason=reason)
    log.info("webhook_refused", provider=provider, reason=reason)
    return HttpResponse(text, status=status, content_type=TEXT)


def _call(request: HttpRequest, body: bytes) -> WebhookCall:
    return WebhookCall(
        method=request.method or "",
        url=f"{settings.PUBLIC_URL}{request.get_full_path_info()}",
        query={key: str(value) for key, value in request.GET.items()},
        headers={key.lower(): value for key, value in request.headers.items()},
        body=body,
    )
