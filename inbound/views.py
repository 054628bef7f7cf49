"""The provider's end of the line: verify, store raw, answer. What it means is found out later."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from channels.adapter import WebhookCall
from channels.models import ProviderApp
from channels.registry import adapter_for
from inbound.endpoints import endpoint
from inbound.storing import store

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
            return HttpResponse("Not found", status=404, content_type=TEXT)
        return super().dispatch(request, app=app)

    def get(self, request: HttpRequest, *, app: ProviderApp) -> HttpResponse:
        adapter = adapter_for(app.provider)
        answer = adapter.handshake(app.webhook_secrets(), _call(request, b""))
        if answer is None:
            return HttpResponse("Forbidden", status=403, content_type=TEXT)
        return HttpResponse(answer, content_type=TEXT)

    def post(self, request: HttpRequest, *, app: ProviderApp) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return HttpResponse("Too large", status=413, content_type=TEXT)
        call = _call(request, request.body)
        adapter = adapter_for(app.provider)
        # Google's set-up call is a POST.
        answer = adapter.handshake(app.webhook_secrets(), call)
        if answer is not None:
            return HttpResponse(answer, content_type=TEXT)
        if not adapter.verify(app.webhook_secrets(), call):
            return HttpResponse("Forbidden", status=403, content_type=TEXT)
        body = adapter.stored(call)
        store(app=app, event_key=adapter.event_key(body), body=body, now=timezone.now())
        return HttpResponse("OK", content_type=TEXT)


def _call(request: HttpRequest, body: bytes) -> WebhookCall:
    return WebhookCall(
        method=request.method or "",
        url=f"{settings.PUBLIC_URL}{request.get_full_path_info()}",
        query={key: str(value) for key, value in request.GET.items()},
        headers={key.lower(): value for key, value in request.headers.items()},
        body=body,
    )
