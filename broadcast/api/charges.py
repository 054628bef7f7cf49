"""`/wallet/entries/{id}/messages/`: in this package, because wallet/ knows no messages."""

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import mixins
from rest_framework.viewsets import GenericViewSet

from api.pagination import KeysetPages
from broadcast.api.serializers import MessageSerializer
from broadcast.models import BroadcastMessage
from broadcast.moves.charges import messages_of
from tenants.api.scoped_views import TenantScoped
from wallet.models import LedgerEntry


class EntryMessagesViewSet(
    TenantScoped[BroadcastMessage], mixins.ListModelMixin, GenericViewSet[BroadcastMessage]
):
    """The messages whose prices add up to this entry, newest first.

    The list is empty for top-ups, for adjustments, and for a hold whose plan was replaced later.
    """

    queryset = BroadcastMessage.objects.all()
    serializer_class = MessageSerializer
    pagination_class = KeysetPages
    filter_backends = ()

    def get_queryset(self) -> QuerySet[BroadcastMessage]:
        if self.in_schema_generation:
            return BroadcastMessage.objects.none()
        entry = (
            LedgerEntry.objects.select_related("hold")
            .filter(wallet__tenant=self.tenant, pk=self.kwargs["entry_id"])
            .first()
        )
        if entry is None:
            raise Http404
        messages = messages_of(tenant=self.tenant, entry=entry)
        return messages.select_related("broadcast__sender")
