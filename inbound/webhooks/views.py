"""The webhook endpoint: verifies a call, stores it raw and answers. A task applies it later."""

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from api.raw_body import BodyTooLarge, UnreadableBody, read_body
from api.refused_calls import (
    NOT_SIGNED,
    TOO_LARGE,
    UNKNOWN_ENDPOINT,
    UNREADABLE,
    count_refused,
)
from channels.models import ProviderApp
from channels.port.http_calls import WebhookCall
from channels.port.webhook_reader import WebhookAnswer
from channels.providers.registry import ADAPTERS, adapter_for
from inbound.webhooks.endpoints import endpoint
from inbound.webhooks.storing import store

log = structlog.get_logger(__name__)

TEXT = "text/plain; charset=utf-8"


@method_decorator(csrf_exempt, name="dispatch")
class WebhookView(View):
    """`/webhooks/{provider}/{endpoint_token}/`: 404 unknown, 403 not signed, 200 stored.

    The provider's reader says what the answer contains.
    """

    http_method_names = ("get", "post")

    def dispatch(
        self, request: HttpRequest, *, provider: str, endpoint_token: str
    ) -> HttpResponseBase:
        app = endpoint(provider=provider, token=endpoint_token)
        if app is None:
            label = provider if provider in ADAPTERS else "unknown"
            return _refused(WebhookAnswer(404), provider=label, reason=UNKNOWN_ENDPOINT)
        return super().dispatch(request, app=app)

    def get(self, request: HttpRequest, *, app: ProviderApp) -> HttpResponse:
        reader = adapter_for(app.provider).webhook
        answer = reader.handshake(app.webhook_secrets(), _call(request, b""))
        if answer is None:
            return _refused(reader.refusal(403), provider=app.provider, reason=NOT_SIGNED)
        return HttpResponse(answer, content_type=TEXT)

    def post(self, request: HttpRequest, *, app: ProviderApp) -> HttpResponse:
        reader = adapter_for(app.provider).webhook
        try:
            call = _call(request, read_body(request, limit=settings.WEBHOOK_MAX_BODY_BYTES))
        except BodyTooLarge:
            return _refused(reader.refusal(413), provider=app.provider, reason=TOO_LARGE)
        except UnreadableBody:
            return _refused(reader.refusal(400), provider=app.provider, reason=UNREADABLE)
        # Google's handshake is a POST.
        answer = reader.handshake(app.webhook_secrets(), call)
        if answer is not None:
            return HttpResponse(answer, content_type=TEXT)
        if not reader.verify(app.webhook_secrets(), call):
            return _refused(reader.refusal(403), provider=app.provider, reason=NOT_SIGNED)
        body = reader.to_store(call)
        store(app=app, event_key=reader.event_key(body), body=body, now=timezone.now())
        return _response(reader.answer)


def _refused(answer: WebhookAnswer, *, provider: str, reason: str) -> HttpResponse:
    count_refused(provider=provider, reason=reason)
    log.info("webhook_refused", provider=provider, reason=reason)
    return _response(answer)


def _response(answer: WebhookAnswer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)
    if not answer.content_type:
        del response.headers["Content-Type"]
    return response


def _call(request: HttpRequest, body: bytes) -> WebhookCall:
    return WebhookCall(
        method=request.method or "",
        url=f"{settings.PUBLIC_URL}{request.get_full_path_info()}",
        query={key: str(value) for key, value in request.GET.items()},
        headers={key.lower(): value for key, value in request.headers.items()},
        body=body,
    )
