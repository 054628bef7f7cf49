"""`/contacts/` and `/suppressions/`."""

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet, ModelViewSet

from api.csv_download import csv_response
from api.error_schema import ErrorResponseSerializer
from api.list_parameters import NamedSearchFilter, check_parameters
from api.pagination import KeysetPages
from contacts.api.filters import ContactFilter, SuppressionFilter
from contacts.api.serializers import (
    ContactSerializer,
    DoNotContactSerializer,
    SuppressionSerializer,
)
from contacts.imports.exporting import contact_rows
from contacts.models import Contact, Suppression, SuppressionScope, SuppressionSource
from contacts.opting.do_not_contact import set_do_not_contact, with_do_not_contact
from contacts.opting.suppressions import lift, suppress
from postgres.statement_timeouts import without_statement_timeout
from tenants.api.scoped_views import TenantScoped


class ContactViewSet(TenantScoped[Contact], ModelViewSet[Contact]):
    """Contacts: people with their addresses, tags and custom attributes."""

    queryset = Contact.objects.prefetch_related("tags")
    serializer_class = ContactSerializer
    pagination_class = KeysetPages
    keyset = ("-created_at", "-id")
    filter_backends = (DjangoFilterBackend, NamedSearchFilter)
    filterset_class = ContactFilter
    search_fields = (
        "first_name",
        "last_name",
        "phone",
        "whatsapp_user_id",
        "external_id",
        "email",
    )

    def get_queryset(self) -> QuerySet[Contact]:
        return with_do_not_contact(super().get_queryset())

    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        contact = serializer.save(tenant=self.tenant)
        return self._answer(contact, status.HTTP_201_CREATED)

    def perform_update(self, serializer: BaseSerializer[Contact]) -> None:
        contact = serializer.save()
        # Read again: `do_not_contact` and the prefetched tags may have changed.
        serializer.instance = self.get_queryset().get(pk=contact.pk)

    @extend_schema(
        request=DoNotContactSerializer,
        responses=ContactSerializer,
        description="Suppresses the contact's addresses on every platform, or lifts this.",
    )
    @action(detail=True, methods=["post"], url_path="do-not-contact")
    def do_not_contact(self, request: Request, pk: str) -> Response:
        contact = self.get_object()
        body = DoNotContactSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        set_do_not_contact(contact=contact, now=timezone.now(), **body.validated_data)
        return self._answer(contact, status.HTTP_200_OK)

    @extend_schema(
        responses={(200, "text/csv"): str, 400: ErrorResponseSerializer},
        description="Every contact as CSV.",
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def export(self, request: Request) -> StreamingHttpResponse:
        check_parameters(request, known=())  # also the list's filters
        rows = without_statement_timeout(contact_rows(self.get_queryset()))
        return csv_response(rows, file_name="contacts.csv")

    def _answer(self, contact: Contact, code: int) -> Response:
        fresh = self.get_queryset().get(pk=contact.pk)
        return Response(self.get_serializer(fresh).data, status=code)


class SuppressionViewSet(
    TenantScoped[Suppression],
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet[Suppression],
):
    """Addresses that get no messages. They outlive contacts, and no import lifts them.

    A suppression holds for all spellings of a number, and for the other addresses that a provider
    named together with it; deleting one deletes these, too.
    """

    queryset = Suppression.objects.all()
    serializer_class = SuppressionSerializer
    filterset_class = SuppressionFilter
    pagination_class = KeysetPages
    keyset = ("-created_at", "-id")

    def perform_create(self, serializer: BaseSerializer[Suppression]) -> None:
        data = serializer.validated_data
        serializer.instance = suppress(
            tenant_id=self.tenant.pk,
            platform=data.get("platform", ""),
            address=data["address"],
            scope=data.get("scope", SuppressionScope.ALL),
            source=SuppressionSource.USER,
            reason=data.get("reason", ""),
            now=timezone.now(),
        )

    def perform_destroy(self, instance: Suppression) -> None:
        lift(
            tenant_id=self.tenant.pk,
            platform=instance.platform,
            address=instance.address,
            scopes=(SuppressionScope(instance.scope),),
            now=timezone.now(),
        )
