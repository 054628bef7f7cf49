"""`/templates/`."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from api.error_schema import ErrorResponseSerializer
from api.errors import RequestTooLarge
from api.list_parameters import NamedSearchFilter
from api.strict_serializers import refuse_body
from channels.models import TenantWAApp
from templates_wa.api.filters import TemplateFilter
from templates_wa.api.previewing import preview
from templates_wa.api.schema_examples import EVERY_KIND
from templates_wa.api.serializers import (
    PreviewSerializer,
    PreviewValuesSerializer,
    SampleSerializer,
    SampleUploadSerializer,
    StatusSerializer,
    SyncedSerializer,
    SyncSerializer,
    TemplateSerializer,
)
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.provider import editing
from templates_wa.provider.deleting import delete
from templates_wa.provider.sampling import LARGEST, MB, kind_of, upload_sample
from templates_wa.provider.submitting import submit
from templates_wa.provider.syncing import sync
from tenants.api.permissions import Action
from tenants.api.scoped_views import TenantScoped


class TemplateViewSet(
    TenantScoped[WhatsAppTemplate],
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    GenericViewSet[WhatsAppTemplate],
):
    """WhatsApp templates; only APPROVED ones can be sent."""

    queryset = WhatsAppTemplate.objects.order_by("name", "language", "id")
    serializer_class = TemplateSerializer
    filter_backends = (DjangoFilterBackend, NamedSearchFilter)
    filterset_class = TemplateFilter
    search_fields = ("name", "body")
    required = {"preview": Action.READ}
    calls_provider = frozenset({"submit", "sync", "sync_app", "samples"})

    @extend_schema(responses={201: TemplateSerializer}, examples=EVERY_KIND)
    def create(self, request: Request) -> Response:
        """Create a DRAFT. Refuses a template that Meta would refuse."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        template = editing.create(tenant=self.tenant, fields=serializer.validated_data)
        return self._answer(template, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Edit it; it becomes a DRAFT. After submission, name and language cannot change."""
        serializer = self.get_serializer(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        fields: dict[str, Any] = serializer.validated_data
        template = editing.edit(
            tenant=self.tenant, template_id=UUID(pk), fields=fields, now=timezone.now()
        )
        return self._answer(template)

    @extend_schema(
        responses={204: None, 409: ErrorResponseSerializer, 422: ErrorResponseSerializer}
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete it here and at the provider; 409 while an unfinished broadcast uses it."""
        self.get_object()
        delete(tenant=self.tenant, template_id=UUID(pk), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request=StatusSerializer,
        responses={200: TemplateSerializer, 409: ErrorResponseSerializer},
    )
    @action(detail=True, methods=["post"], url_path="status")
    def set_status(self, request: Request, pk: str) -> Response:
        """Set the status of a template submitted elsewhere; 409 if the provider sets it."""
        self.get_object()
        serializer = StatusSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        template = editing.set_status(
            tenant=self.tenant,
            template_id=UUID(pk),
            status=TemplateStatus(serializer.validated_data["status"]),
            reason=serializer.validated_data["reason"],
            now=timezone.now(),
        )
        return self._answer(template)

    @extend_schema(request=None, responses={200: TemplateSerializer, 422: ErrorResponseSerializer})
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Submit it to the provider's review; 422 with the provider's reason if it is refused."""
        refuse_body(request)
        self.get_object()
        return self._answer(submit(tenant=self.tenant, template_id=UUID(pk), now=timezone.now()))

    @extend_schema(request=None, responses={200: TemplateSerializer, 422: ErrorResponseSerializer})
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, pk: str) -> Response:
        """Copy the provider's state of all templates of this template's app."""
        refuse_body(request)
        template = self.get_object()
        apps = TenantWAApp.objects.for_tenant(self.tenant).select_related("app", "tenant")
        sync(app=apps.get(pk=template.app_id), now=timezone.now())
        return self._answer(self.get_object())

    @extend_schema(
        request=SyncSerializer, responses={200: SyncedSerializer, 422: ErrorResponseSerializer}
    )
    @action(detail=False, methods=["post"], url_path="sync", url_name="sync-app")
    def sync_app(self, request: Request) -> Response:
        """Copy all templates of an app from the provider, also those that were made there."""
        serializer = SyncSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return Response(
            SyncedSerializer(sync(app=serializer.validated_data["app"], now=timezone.now())).data
        )

    @extend_schema(
        request=SampleUploadSerializer,
        responses={201: SampleSerializer, 422: ErrorResponseSerializer},
    )
    @action(detail=False, methods=["post"], parser_classes=[MultiPartParser])
    def samples(self, request: Request) -> Response:
        """Upload a sample of a header's medium to the provider. Put its handle into `examples`."""
        serializer = SampleUploadSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        serializer.is_valid(raise_exception=True)
        app, file = serializer.validated_data["app"], serializer.validated_data["file"]
        if file.size > LARGEST:
            raise RequestTooLarge(f"A sample has {LARGEST // MB} MB at most.", attr="file")
        content = file.read()
        media_type, header_format = kind_of(content)
        handle = upload_sample(app=app, name=file.name, content=content)
        sample = {"handle": handle, "media_type": media_type, "header_format": header_format}
        return Response(SampleSerializer(sample).data, status.HTTP_201_CREATED)

    @extend_schema(request=PreviewValuesSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: str) -> Response:
        """Show it as a recipient would see it, with defaults or samples for other values."""
        template = self.get_object()
        serializer = PreviewValuesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(
            PreviewSerializer(preview(template, serializer.validated_data["values"])).data
        )

    def _answer(self, template: WhatsAppTemplate, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(template).data, status=code)
