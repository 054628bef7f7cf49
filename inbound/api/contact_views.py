"""`/contacts/{id}/`: the messages that a contact wrote, and its Telegram link."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from api.errors import InvalidInput
from api.fields import UtcDateTimeField
from api.pagination import KeysetPages
from channels.models import Sender
from channels.platforms import Platform
from contacts.chat_links import link_for
from contacts.models import Contact
from inbound.models import ReceivedMessage
from tenants.api.scoped_views import TenantScoped, TenantView

MAX_BOTS = 20
"""Bots that a refusal lists as choices."""


class ReceivedMessageSerializer(serializers.ModelSerializer[ReceivedMessage]):
    """`broadcast` and `message_id`: the message answered, either quoted or the last one sent."""

    at = UtcDateTimeField(help_text="Time of writing, as the provider reports it.")
    received_at = UtcDateTimeField()

    class Meta:
        model = ReceivedMessage
        fields = (
            "id",
            "platform",
            "sender",
            "text",
            "broadcast",
            "message_id",
            "wish",
            "at",
            "received_at",
        )
        read_only_fields = fields


class ContactMessagesViewSet(
    TenantScoped[ReceivedMessage], mixins.ListModelMixin, GenericViewSet[ReceivedMessage]
):
    """The messages that a contact wrote, newest first."""

    queryset = ReceivedMessage.objects.all()
    serializer_class = ReceivedMessageSerializer
    pagination_class = KeysetPages
    filter_backends = ()

    def get_queryset(self) -> QuerySet[ReceivedMessage]:
        messages = super().get_queryset()
        if self.in_schema_generation:
            return messages
        contact = Contact.objects.for_tenant(self.tenant).filter(pk=self.kwargs["contact_id"])
        if not contact.exists():
            raise Http404
        return messages.filter(contact_id=self.kwargs["contact_id"])


class ChatLinkSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(
        help_text="Send it only to the contact: the chat that opens it becomes the contact's chat."
    )


class ContactChatLinkView(TenantView):
    """The Telegram link that a contact opens once, so that the bot may write to it."""

    @extend_schema(
        operation_id="contacts_telegram_link",
        parameters=[
            OpenApiParameter(
                "sender", UUID, description="The bot, if the tenant has several.", required=False
            )
        ],
        responses=ChatLinkSerializer,
    )
    def get(self, request: Request, contact_id: str) -> Response:
        contact = Contact.objects.for_tenant(self.tenant).filter(pk=contact_id).first()
        if contact is None:
            raise Http404
        bot = self._bot(request.query_params.get("sender", ""))
        return Response({"url": link_for(contact, bot=bot.address)})

    def _bot(self, sender_id: str) -> Sender:
        bots = Sender.objects.for_tenant(self.tenant).usable().filter(platform=Platform.TELEGRAM)
        bots_by_id = {str(bot.pk): bot for bot in bots.order_by("-is_default", "name")[:MAX_BOTS]}
        if sender_id:
            if sender_id not in bots_by_id:
                raise InvalidInput("There is no such bot.", attr="sender")
            return bots_by_id[sender_id]
        if not bots_by_id:
            raise InvalidInput("There is no sender for TELEGRAM. Set one up first.", attr="sender")
        first = next(iter(bots_by_id.values()))
        if len(bots_by_id) > 1 and not first.is_default:
            choices = [{"id": bot_id, "name": bot.name} for bot_id, bot in bots_by_id.items()]
            raise InvalidInput(
                "There are several bots: name one in `sender`.",
                attr="sender",
                data={"choices": choices},
            )
        return first
