"""`/replies/`: the messages that all recipients wrote to the tenant's senders."""

from rest_framework import mixins
from rest_framework.viewsets import GenericViewSet

from api.pagination import KeysetPages
from inbound.api.contact_views import ReceivedMessageSerializer
from inbound.api.filters import ReplyFilter
from inbound.models import ReceivedMessage
from tenants.api.scoped_views import TenantScoped


class ReplySerializer(ReceivedMessageSerializer):
    """`contact` is null if nobody with this address is a contact."""

    class Meta(ReceivedMessageSerializer.Meta):
        fields = ("contact", *ReceivedMessageSerializer.Meta.fields)
        read_only_fields = fields


class RepliesViewSet(
    TenantScoped[ReceivedMessage], mixins.ListModelMixin, GenericViewSet[ReceivedMessage]
):
    """Replies, newest first."""

    queryset = ReceivedMessage.objects.all()
    serializer_class = ReplySerializer
    pagination_class = KeysetPages
    filterset_class = ReplyFilter
