"""`/u/{code}/`: the page on which a recipient unsubscribes."""

from csp.constants import NONCE, SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from broadcast.content.unsubscribing import message_of, unsubscribe
from channels.platforms import Category, Platform

PAGE = "broadcast/unsubscribe.html"
POLICY = {"style-src": [NONCE], "img-src": ["data:"], "form-action": [SELF]}
"""Added to the Content-Security-Policy, which else allows nothing."""


# The page needs no session, so CSRF protection would add nothing: the code alone authorizes the
# unsubscription, also for the one-click request of a mail program (RFC 8058).
@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(csp_replace(POLICY), name="dispatch")
class UnsubscribePage(View):
    http_method_names = ("get", "head", "post")

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        return self._show(request, code, is_done=False)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        return self._show(request, code, is_done=True)

    def _show(self, request: HttpRequest, code: str, *, is_done: bool) -> HttpResponse:
        message = message_of(code)
        if message is None:
            answer = render(request, PAGE, {"is_unknown": True}, status=404)
        else:
            if is_done:
                unsubscribe(message=message, now=timezone.now())
            context = {
                "sender": message.tenant.name,
                "platform": Platform(message.broadcast.platform).label,
                "is_marketing": message.broadcast.category == Category.MARKETING,
                "is_done": is_done,
            }
            answer = render(request, PAGE, context)
        answer["Cache-Control"] = "no-store"
        answer["X-Robots-Tag"] = "noindex"
        answer["Referrer-Policy"] = "no-referrer"
        return answer
