"""`/wallet/`: what a tenant has, and the entries that explain it; never changed from here."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.pagination import KeysetPages
from tenants.scoped_views import TenantView
from wallet.ledger import wallet_of
from wallet.models import EntryKind, LedgerEntry
from wallet.serializers import LedgerEntrySerializer, WalletSerializer


class WalletView(TenantView):
    @extend_schema(operation_id="wallet_retrieve", responses={200: WalletSerializer})
    def get(self, request: Request) -> Response:
        """Balance, what of it is held, and what is available."""
        return Response(WalletSerializer(wallet_of(self.tenant)).data)


class LedgerEntryFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=EntryKind.choices)
    subject = filters.CharFilter()

    class Meta:
        model = LedgerEntry
        fields: tuple[str, ...] = ()


class LedgerEntryListView(TenantView, ListAPIView[LedgerEntry]):
    """Every movement of credits, newest first."""

    queryset = LedgerEntry.objects.select_related("wallet")
    serializer_class = LedgerEntrySerializer
    filterset_class = LedgerEntryFilter
    pagination_class = KeysetPages

    def get_queryset(self) -> QuerySet[LedgerEntry]:
        entries = super().get_queryset()
        if self.in_schema_generation:
            return entries.none()
        return entries.filter(wallet__tenant=self.tenant)
