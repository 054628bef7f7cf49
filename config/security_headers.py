"""What may a browser do with our answers? Security headers on every answer, whoever gives it.

The middleware stands outside of all others, so that probes, webhooks, static files and error pages
get the headers too. A view that needs more of the Content-Security-Policy says so with a decorator
of django-csp; the admin's pages, which are not our views, have their policy here.
"""

from collections.abc import Mapping
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

ADMIN = "/admin"
UNUSED_FEATURES = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
HEADERS: Mapping[str, str] = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""A view may set a stricter value of its own, such as `Referrer-Policy: no-referrer`."""

NOTHING: Mapping[str, Any] = {
    "default-src": [NONE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
}
"""For JSON, texts, redirects and error pages: such an answer loads nothing."""
OF_ADMIN: Mapping[str, Any] = {
    **NOTHING,
    # unfold's pages work with Alpine, which evaluates the expressions in their attributes. The
    # policy stops injected scripts and handlers, but not an injected attribute of Alpine: against
    # that, the templates escape every value.
    "script-src": [SELF, UNSAFE_EVAL],
    # Alpine and htmx write style attributes and a <style> element.
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
}


class SecurityHeadersMiddleware(CSPMiddleware):
    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return super().process_response(request, response)

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 - the base's signature
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and parts.config is None and request.path_info.startswith(ADMIN):
            parts.config = dict(OF_ADMIN)
        return parts
