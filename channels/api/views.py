"""`/senders/` and `/provider-apps/`."""

from uuid import UUID

from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from api.error_schema import ErrorResponseSerializer
from api.list_parameters import NamedSearchFilter
from api.strict_serializers import refuse_body
from channels.api.filters import ProviderAppFilter, SenderFilter
from channels.api.serializers import CheckSerializer, ProviderAppSerializer, SenderSerializer
from channels.models import ProviderApp, Sender
from channels.senders.checking import check_sender
from channels.senders.switching import activate, deactivate
from tenants.api.permissions import Action
from tenants.api.scoped_views import PatchOnly, TenantScoped


class SenderViewSet(
    TenantScoped[Sender],
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    PatchOnly[Sender],
    GenericViewSet[Sender],
):
    """Numbers and bots. A sender is deactivated, never deleted: messages refer to it."""

    queryset = Sender.objects.select_related("app", "tenant").order_by("platform", "name", "id")
    serializer_class = SenderSerializer
    filter_backends = (DjangoFilterBackend, NamedSearchFilter)
    filterset_class = SenderFilter
    search_fields = ("name", "address", "account_id")
    calls_provider = frozenset({"check"})
    required = {
        "create": Action.MANAGE_CREDENTIALS,
        "activate": Action.MANAGE_CREDENTIALS,
        "deactivate": Action.MANAGE_CREDENTIALS,
    }

    @extend_schema(request=None, responses=CheckSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str) -> Response:
        """Check with the provider if the sender works; no message is sent.

        A sender that works owns its account from then on (`proven_at`). If another active sender
        owns the account, the result is `account_taken`.
        """
        refuse_body(request)
        sender = self.get_object()
        result = check_sender(tenant=self.tenant, sender_id=sender.pk, now=timezone.now())
        return Response(CheckSerializer(result).data)

    @extend_schema(request=None, responses=SenderSerializer)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str) -> Response:
        """Stop using the sender for new broadcasts."""
        refuse_body(request)
        deactivate(sender=self.get_object(), now=timezone.now())
        return self._answer(pk)

    @extend_schema(request=None, responses={200: SenderSerializer, 409: ErrorResponseSerializer})
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """Use the sender again; 409 if another active sender of the tenant has its account."""
        refuse_body(request)
        activate(sender=self.get_object(), now=timezone.now())
        return self._answer(pk)

    def _answer(self, pk: str) -> Response:
        sender = self.get_queryset().get(pk=UUID(pk))
        return Response(self.get_serializer(sender).data, status=status.HTTP_200_OK)


class ProviderAppViewSet(
    TenantScoped[ProviderApp],
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    PatchOnly[ProviderApp],
    GenericViewSet[ProviderApp],
):
    """Apps at providers: the URLs of their webhooks and the secrets that verify them."""

    queryset = ProviderApp.objects.order_by("name", "id")
    serializer_class = ProviderAppSerializer
    filterset_class = ProviderAppFilter
    required = Action.MANAGE_CREDENTIALS
