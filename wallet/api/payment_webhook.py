"""`/webhooks/stripe/`, `/webhooks/razorpay/`: verifies a call, then credits it at once."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from api.raw_body import BodyTooLarge, UnreadableBody, read_body
from api.refused_calls import NOT_SIGNED, TOO_LARGE, UNREADABLE, count_refused
from wallet.payments.registry import PROVIDERS
from wallet.payments.topping_up import take_payment

TEXT = "text/plain; charset=utf-8"


@method_decorator(csrf_exempt, name="dispatch")
class PaymentWebhookView(View):
    """200 taken; 403 not signed, or no secret is set. The provider repeats a call that failed."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, *, provider: str) -> HttpResponse:
        try:
            body = read_body(request, limit=settings.WEBHOOK_MAX_BODY_BYTES)
        except BodyTooLarge:
            count_refused(provider=provider, reason=TOO_LARGE)
            return HttpResponse("Too large", status=413, content_type=TEXT)
        except UnreadableBody:
            count_refused(provider=provider, reason=UNREADABLE)
            return HttpResponse("Unreadable", status=400, content_type=TEXT)
        headers = {name.lower(): value for name, value in request.headers.items()}
        event = PROVIDERS[provider].read(body=body, headers=headers)
        if event is None:
            count_refused(provider=provider, reason=NOT_SIGNED)
            return HttpResponse("Forbidden", status=403, content_type=TEXT)
        take_payment(provider=provider, event=event, now=timezone.now())
        return HttpResponse("OK", content_type=TEXT)
