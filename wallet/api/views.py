"""`/wallet/`: a tenant's balance, its ledger entries and its top-ups."""

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from api.error_schema import ErrorResponseSerializer
from api.pagination import KeysetPages
from tenants.api.permissions import Action
from tenants.api.scoped_views import TenantView
from tenants.models import User
from wallet.api.serializers import (
    LedgerEntrySerializer,
    LowBalanceSerializer,
    NewTopUpSerializer,
    TopUpSerializer,
    WalletSerializer,
)
from wallet.ledger.ledger import wallet_of
from wallet.models import EntryKind, LedgerEntry, TopUp, Wallet
from wallet.payments.topping_up import open_top_up


class WalletView(TenantView):
    required = {"patch": Action.MANAGE_MONEY}

    @extend_schema(operation_id="wallet_retrieve", responses={200: WalletSerializer})
    def get(self, request: Request) -> Response:
        """The balance, the held part of it, and the available credit."""
        return Response(WalletSerializer(wallet_of(self.tenant)).data)

    @extend_schema(
        operation_id="wallet_partial_update",
        request=LowBalanceSerializer,
        responses={200: WalletSerializer},
    )
    def patch(self, request: Request) -> Response:
        """Set `low_balance_threshold`, the only field that can be written; null: no e-mails."""
        wallet = wallet_of(self.tenant)
        serializer = LowBalanceSerializer(wallet, data=request.data)
        serializer.is_valid(raise_exception=True)
        Wallet.objects.filter(pk=wallet.pk).update(**serializer.validated_data)
        wallet.refresh_from_db()
        return Response(WalletSerializer(wallet).data)


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


class TopUpListView(TenantView, ListAPIView[TopUp]):
    """Credits bought through a payment provider, newest first."""

    queryset = TopUp.objects.all()
    serializer_class = TopUpSerializer
    pagination_class = KeysetPages
    filter_backends = ()
    required = {"post": Action.MANAGE_MONEY}
    calls_provider = frozenset({"post"})

    def get_queryset(self) -> QuerySet[TopUp]:
        if self.in_schema_generation:
            return TopUp.objects.none()
        return TopUp.objects.filter(wallet__tenant=self.tenant)

    @extend_schema(
        request=NewTopUpSerializer,
        responses={
            201: TopUpSerializer,
            502: ErrorResponseSerializer,
            503: ErrorResponseSerializer,
        },
        examples=[
            OpenApiExample(
                "Fifty", value={"provider": "stripe", "amount": "50.00"}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Open a payment page, at `url`. The provider's report of the payment adds the credits."""
        serializer = NewTopUpSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        top_up = open_top_up(
            tenant=self.tenant,
            provider=serializer.validated_data["provider"],
            amount=serializer.validated_data["amount"],
            actor=request.user if isinstance(request.user, User) else None,
            now=timezone.now(),
        )
        return Response(TopUpSerializer(top_up).data, status=201)
