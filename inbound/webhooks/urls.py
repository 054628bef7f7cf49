"""Routes of the webhooks; inbound/webhooks/middleware.py resolves them."""

from api.routing import optional_slash
from inbound.webhooks.views import WebhookView

urlpatterns = [
    optional_slash(
        r"webhooks/(?P<provider>[a-z0-9_]+)/(?P<endpoint_token>[A-Za-z0-9_-]{16,64})",
        WebhookView.as_view(),
        name="webhook",
    ),
]
