from inbound.contact_views import ContactChatLinkView, ContactMessagesViewSet
from inbound.views import WebhookView
from tenants.routing import UUID_PATTERN, optional_slash

CONTACT = rf"contacts/(?P<contact_id>{UUID_PATTERN})"

urlpatterns = [
    optional_slash(
        r"webhooks/(?P<provider>[a-z0-9_]+)/(?P<endpoint_token>[A-Za-z0-9_-]{16,64})",
        WebhookView.as_view(),
        name="webhook",
    ),
    optional_slash(
        rf"{CONTACT}/messages",
        ContactMessagesViewSet.as_view({"get": "list"}),
        name="contact-messages",
    ),
    optional_slash(
        rf"{CONTACT}/telegram-link", ContactChatLinkView.as_view(), name="contact-telegram-link"
    ),
]
