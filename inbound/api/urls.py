"""Routes of the inbound app: the webhooks, and pages of a contact's messages."""

from django.urls import include, path

from api.routing import UUID_PATTERN, optional_slash
from inbound.api.contact_views import ContactChatLinkView, ContactMessagesViewSet
from inbound.api.reply_views import RepliesViewSet

CONTACT = rf"contacts/(?P<contact_id>{UUID_PATTERN})"

urlpatterns = [
    path("", include("inbound.webhooks.urls")),
    optional_slash(
        rf"{CONTACT}/messages",
        ContactMessagesViewSet.as_view({"get": "list"}),
        name="contact-messages",
    ),
    optional_slash("replies", RepliesViewSet.as_view({"get": "list"}), name="replies"),
    optional_slash(
        rf"{CONTACT}/telegram-link", ContactChatLinkView.as_view(), name="contact-telegram-link"
    ),
]
