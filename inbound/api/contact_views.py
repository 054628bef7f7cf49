"""What a contact wrote, and the link that makes a chat hers: under `/contacts/{id}/`."""

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


class ReceivedMessageSerializer(serializers.ModelSerializer[ReceivedMessage]):
    """`broadcast` and `message_id`: what it answers, as quoted or as last sent to its writer."""

    at = UtcDateTimeField(help_text="When it was written, as the provider says.")
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
    """What a contact wrote, newest first."""

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
    url = serializers.URLField(help_text="For the contact alone: who opens it becomes her chat.")


class ContactChatLinkView(TenantView):
    """The Telegram link that a contact opens once, so that the bot may write to her."""

    @extend_schema(
        operation_id="contacts_telegram_link",
        parameters=[
            OpenApiParameter(
                "sender", UUID, description="The bot; where the tenant has several.", required=False
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

    def _bot(self, wanted: str) -> Sender:
        bots = Sender.objects.for_tenant(self.tenant).usable().filter(platform=Platform.TELEGRAM)
        found = {str(bot.pk): bot for bot in bots.order_by("-is_default", "name")[:20]}
        if wanted:
            if wanted not in found:
                raise InvalidInput("There is no such bot.", attr="sender")
            return found[wanted]
        if not found:
            raise InvalidInput("There is no sender for TELEGRAM. Set one up first.", attr="sender")
        first = next(iter(found.values()))
        if len(found) > 1 and not first.is_default:
            raise InvalidInput(
                "Several bots would do: name one in `sender`.",
                attr="sender",
                data={"choices": [{"id": key, "name": bot.name} for key, bot in found.items()]},
            )
        return first
