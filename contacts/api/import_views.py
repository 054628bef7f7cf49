"""`/contacts/imports/`: stores a CSV file at once; a task imports it."""

from typing import Any

import phonenumbers
from django.db import transaction
from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from api.error_schema import ErrorResponseSerializer
from api.errors import RequestTooLarge
from api.pagination import KeysetPages
from api.parsers import UNSTORABLE
from api.strict_serializers import StrictSerializer
from contacts.imports.csv_reading import MAX_COLUMN_NAME, MAX_COLUMNS
from contacts.imports.exporting import error_lines
from contacts.models import ContactImport
from contacts.tasks import run_import
from postgres.statement_timeouts import without_statement_timeout
from tenants.api.scoped_views import TenantScoped
from tenants.models import User

MAX_BYTES = 20 * 1024 * 1024
FIRST_ERRORS = 20


class RefusedRowSerializer(serializers.Serializer[Any]):
    """`line` counts from 1, the line of column names; `field` is empty for the whole row."""

    line = serializers.IntegerField()
    field = serializers.CharField()
    reason = serializers.CharField()


class ImportSerializer(serializers.ModelSerializer[ContactImport]):
    first_errors = serializers.SerializerMethodField()

    class Meta:
        model = ContactImport
        fields = (
            "id",
            "status",
            "file_name",
            "dry_run",
            "rows",
            "created",
            "updated",
            "unchanged",
            "failed",
            "failure",
            "first_errors",
            "created_at",
            "started_at",
            "finished_at",
        )

    @extend_schema_field(RefusedRowSerializer(many=True))
    def get_first_errors(self, job: ContactImport) -> list[dict[str, Any]]:
        if self.context["view"].action == "list":
            return []
        rows = job.errors.values("line", "field", "reason")[:FIRST_ERRORS]
        return [dict(row) for row in rows]


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class MappingField(serializers.JSONField):
    """A JSON text, of any depth: it comes in a form, past the parser that counts depths."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except RecursionError:
            self.fail("invalid")


class ImportWriteSerializer(StrictSerializer):
    file = serializers.FileField(
        help_text="CSV in UTF-8 or Windows-1252, with comma or semicolon; the first line names the "
        "columns. Columns that are no field of a contact become attributes."
    )
    default_country = serializers.RegexField("^[A-Z]{2}$", required=False)
    mapping = MappingField(
        required=False,
        default=dict,
        help_text='Column to field or attribute, as JSON: {"Mobile": "phone", "Notes": ""}; "" '
        "leaves a column out.",
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, default=list, max_length=100
    )
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Count and report errors, but change nothing."
    )

    def validate_mapping(self, value: Any) -> Any:
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise serializers.ValidationError('An object such as {"Mobile": "phone"}.')
        if len(value) > MAX_COLUMNS:
            raise serializers.ValidationError(f"At most {MAX_COLUMNS} columns.")
        names = [*value, *value.values()]
        if any(UNSTORABLE.search(name) or len(name) > MAX_COLUMN_NAME for name in names):
            raise serializers.ValidationError("These names cannot be stored.")
        return value

    def validate_default_country(self, value: str) -> str:
        if value not in phonenumbers.SUPPORTED_REGIONS:
            raise serializers.ValidationError("A country code such as DE.")
        return value


class ImportViewSet(
    TenantScoped[ContactImport],
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    GenericViewSet[ContactImport],
):
    """Imports of CSV files, newest first; only a single import has `first_errors`."""

    queryset = ContactImport.objects.defer("content")
    serializer_class = ImportSerializer
    pagination_class = KeysetPages
    parser_classes = (MultiPartParser,)

    @extend_schema(
        request=ImportWriteSerializer,
        responses={202: ImportSerializer, 413: ErrorResponseSerializer},
    )
    def create(self, request: Request) -> Response:
        """Upload a CSV file of contacts; a task imports it."""
        serializer = ImportWriteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = serializer.validated_data
        file = fields.pop("file")
        if file.size > MAX_BYTES:
            raise RequestTooLarge("A file may have 20 MB at most.", attr="file")
        user = request.user if isinstance(request.user, User) else None
        job = ContactImport.objects.create(
            tenant=self.tenant,
            created_by=user,
            file_name=UNSTORABLE.sub("", file.name)[:255],
            content=file.read(),
            **fields,
        )
        transaction.on_commit(lambda: run_import.delay(import_id=str(job.pk)))
        return Response(self.get_serializer(job).data, status=202)

    @extend_schema(responses={(200, "text/csv"): str})
    @action(detail=True, url_path=r"errors\.csv")
    def errors(self, request: Request, pk: str) -> StreamingHttpResponse:
        """The refused rows with their errors, as CSV: correct them and import this file."""
        job = self.get_object()
        return StreamingHttpResponse(
            without_statement_timeout(error_lines(job)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="errors.csv"'},
        )
