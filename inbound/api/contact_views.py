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
from api.list_parameters import check_parameters
from api.pagination import KeysetPages
from channels.models import Sender
from channels.platforms import Platform
from channels.senders.choosing import (
    AmbiguousChoice,
    NoSender,
    UnknownSender,
    choose_sender,
)
from contacts.chat_links import link_for
from contacts.models import Contact
from contacts.opting.words import Wish
from inbound.api.filters import ContactMessageFilter
from inbound.models import ReceivedMessage
from tenants.api.scoped_views import TenantScoped, TenantView


class ReceivedMessageSerializer(serializers.ModelSerializer[ReceivedMessage]):
    """`broadcast` and `message_id`: the message answered, either quoted or the last one sent."""

    at = UtcDateTimeField(help_text="Time of writing, as the provider reports it.")
    received_at = UtcDateTimeField()
    wish = serializers.ChoiceField(
        choices=list(Wish), allow_blank=True, help_text="Empty if the text is no wish."
    )

    class Meta:
        model = ReceivedMessage
        fields: tuple[str, ...] = (
            "id",
            "platform",
            "sender",
            "kind",
            "text",
            "group_id",
            "broadcast",
            "message_id",
            "wish",
            "may_want_out",
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
    filterset_class = ContactMessageFilter

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
        check_parameters(request, known=("sender",))
        bot = self._bot(request.query_params.get("sender", ""))
        return Response({"url": link_for(contact, bot=bot.address)})

    def _bot(self, sender_id: str) -> Sender:
        try:
            return choose_sender(
                tenant=self.tenant,
                platform=Platform.TELEGRAM,
                sender_id=UUID(sender_id) if sender_id else None,
            )
        except (UnknownSender, ValueError) as error:
            raise InvalidInput("There is no such bot.", attr="sender") from error
        except AmbiguousChoice as refusal:
            raise InvalidInput(
                "There are several bots: name one in `sender`.", attr="sender", data=refusal.data
            ) from refusal
        except NoSender as refusal:
            raise InvalidInput(refusal.detail, attr="sender") from refusal
