"""The public redirect of short links, and the list of tracked links."""

from csp.constants import NONCE
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django_filters import rest_framework as filters
from rest_framework import mixins, serializers
from rest_framework.viewsets import GenericViewSet

from tenants.api.scoped_views import TenantScoped
from tracking.models import TrackedURL
from tracking.redirect import is_previewer, open_link, record_click
from tracking.targets import location_of

PAGE = "tracking/link_not_found.html"
POLICY = {"style-src": [NONCE], "img-src": ["data:"]}
"""Added to the Content-Security-Policy, which else allows nothing."""


class _Redirect(HttpResponse):
    """302 to the tenant's http(s) URL. No cache stores it, and the target gets no referrer."""

    def __init__(self, url: str) -> None:
        super().__init__(status=302)
        self["Location"] = location_of(url)
        self["Cache-Control"] = "no-store"
        self["Referrer-Policy"] = "no-referrer"


@csrf_exempt
@require_safe
@csp_replace(POLICY)  # type: ignore[arg-type]  # annotated for views without arguments
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Redirect to the tenant's URL and count the click; HEAD and link previews do not count."""
    link = open_link(code)
    if link is None or not link.url.url.lower().startswith(("http://", "https://")):
        return render(request, PAGE, status=404)
    user_agent = request.headers.get("User-Agent", "").replace("\x00", "")
    if request.method == "GET" and not is_previewer(user_agent):
        record_click(link=link, user_agent=user_agent, now=timezone.now())
    return _Redirect(link.url.url)


class TrackedURLSerializer(serializers.ModelSerializer[TrackedURL]):
    """`unique_clicks` is the number of recipients who clicked the link."""

    class Meta:
        model = TrackedURL
        fields = ("id", "broadcast", "position", "url", "clicks", "unique_clicks", "created_at")
        read_only_fields = fields


class TrackedURLFilter(filters.FilterSet):
    broadcast = filters.UUIDFilter(field_name="broadcast_id")

    class Meta:
        model = TrackedURL
        fields: tuple[str, ...] = ()


class TrackedURLViewSet(
    TenantScoped[TrackedURL], mixins.ListModelMixin, GenericViewSet[TrackedURL]
):
    """The links of all broadcasts, newest first."""

    queryset = TrackedURL.objects.order_by("-id")
    serializer_class = TrackedURLSerializer
    filterset_class = TrackedURLFilter
