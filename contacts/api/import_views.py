"""`/contacts/imports/`: stores a file at once; a task imports it."""

from typing import Any

import phonenumbers
from django.core.files.base import File
from django.db import transaction
from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from api.csv_download import csv_response
from api.error_schema import ErrorResponseSerializer
from api.errors import RequestTooLarge
from api.pagination import KeysetPages
from api.parsers import UNSTORABLE
from api.strict_serializers import StrictSerializer
from contacts.imports.encodings import codec_of, encoding_of
from contacts.imports.exporting import error_rows
from contacts.imports.opening import MAX_ROWS
from contacts.imports.rows import MAX_COLUMN_NAME, MAX_COLUMNS
from contacts.imports.spreadsheets import is_spreadsheet
from contacts.imports.uploads import PIECE, store_upload
from contacts.models import ContactImport, ImportStatus
from contacts.tasks import run_import
from postgres.statement_timeouts import without_statement_timeout
from tenants.api.scoped_views import TenantScoped
from tenants.models import User

MAX_BYTES = 200 * 1024 * 1024
"""A million rows of 200 bytes. Neither the web process nor the worker holds the whole file."""
FIRST_ERRORS = 20


class RefusedRowSerializer(serializers.Serializer[Any]):
    """`line` counts from 1, the line of column names; `field` is empty for the whole row."""

    line = serializers.IntegerField()
    field = serializers.CharField()
    reason = serializers.CharField()


class ImportSerializer(serializers.ModelSerializer[ContactImport]):
    """`rows` is 0 until the file has been read once; then `processed` counts up to it."""

    processed = serializers.IntegerField(
        source="line", read_only=True, help_text="Rows that were imported or refused so far."
    )
    progress = serializers.SerializerMethodField(
        help_text="Percent of the rows; null until their number is known."
    )
    failure_code = serializers.CharField(
        read_only=True, help_text="Why the whole file was refused; empty if it was not."
    )
    first_errors = serializers.SerializerMethodField()

    class Meta:
        model = ContactImport
        fields = (
            "id",
            "status",
            "file_name",
            "dry_run",
            "encoding",
            "rows",
            "processed",
            "progress",
            "created",
            "updated",
            "unchanged",
            "failed",
            "failure",
            "failure_code",
            "first_errors",
            "created_at",
            "started_at",
            "finished_at",
        )

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_progress(self, job: ContactImport) -> int | None:
        if job.status == ImportStatus.DONE:
            return 100
        return job.line * 100 // job.rows if job.rows else None

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
        help_text=f"CSV, XLSX, XLS or ODS, of {MAX_ROWS:,} rows and 200 MB at most; the first row "
        "names the columns. Columns that are no field of a contact become attributes. Exports of "
        "Google Contacts and Outlook are recognised."
    )
    encoding = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=40,
        help_text="Of a CSV file, for example `windows-1251`. Without it the encoding is found "
        "out; if it is not certain, the call is refused with `encoding_uncertain`, and `data` "
        "names the `candidates`.",
    )
    sheet = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=100,
        help_text="Name of a spreadsheet's sheet; by default its first one.",
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

    def validate_encoding(self, value: str) -> str:
        if value and not codec_of(value):
            raise serializers.ValidationError("A name such as utf-8 or windows-1252.")
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
    """Imports of contacts, newest first; only a single import has `first_errors`."""

    queryset = ContactImport.objects.defer("content")
    serializer_class = ImportSerializer
    pagination_class = KeysetPages
    parser_classes = (MultiPartParser,)

    @extend_schema(
        request=ImportWriteSerializer,
        responses={202: ImportSerializer, 413: ErrorResponseSerializer},
    )
    def create(self, request: Request) -> Response:
        """Upload a file of contacts; a task imports it."""
        serializer = ImportWriteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = serializer.validated_data
        file = fields.pop("file")
        if (file.size or 0) > MAX_BYTES:
            raise RequestTooLarge("A file may have 200 MB at most.", attr="file")
        country = fields.get("default_country") or self.tenant.default_country
        fields["encoding"] = fields["encoding"] or _encoding(file, country=country)
        user = request.user if isinstance(request.user, User) else None
        with transaction.atomic():
            job = ContactImport.objects.create(
                tenant=self.tenant,
                created_by=user,
                file_name=UNSTORABLE.sub("", file.name or "")[:255],
                **fields,
            )
            store_upload(job, file)
        # Robust: the import is stored, and beat starts it if the broker is away.
        transaction.on_commit(lambda: run_import.delay(import_id=str(job.pk)), robust=True)
        return Response(self.get_serializer(job).data, status=202)

    @extend_schema(responses={(200, "text/csv"): str})
    @action(detail=True, url_path=r"errors\.csv")
    def errors(self, request: Request, pk: str) -> StreamingHttpResponse:
        """The refused rows with their errors, as CSV: correct them and import this file."""
        job = self.get_object()
        return csv_response(without_statement_timeout(error_rows(job)), file_name="errors.csv")


def _encoding(file: "File[bytes]", *, country: str) -> str:
    """The file's encoding; "" for a spreadsheet. Raises FileUnreadable and EncodingUncertain."""
    is_sheet = is_spreadsheet(file.read(8))
    file.seek(0)
    encoding = "" if is_sheet else encoding_of(file.chunks(PIECE), country=country)
    file.seek(0)
    return encoding
