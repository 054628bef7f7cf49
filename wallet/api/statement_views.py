"""`/wallet/statement/`: JSON, or CSV for `?format=csv` or `Accept: text/csv`."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.csv_download import csv_response
from api.errors import InvalidInput
from api.fields import MoneyField, UtcDateTimeField, read_time
from api.list_parameters import check_parameters
from postgres.statement_timeouts import without_statement_timeout
from tenants.api.scoped_views import TenantView
from wallet.api.serializers import LedgerEntrySerializer
from wallet.ledger.ledger import wallet_of
from wallet.ledger.statement import Statement, booked_at
from wallet.models import LedgerEntry

COLUMNS = (
    "booked_at",
    "kind",
    "balance_delta",
    "held_delta",
    "balance_after",
    "held_after",
    "currency",
    "subject",
    "reference",
    "reason",
    "id",
)


class CsvRenderer(JSONRenderer):
    """Selects CSV in content negotiation. Itself it renders only errors, in JSON."""

    media_type = "text/csv"
    format = "csv"


class BalancesSerializer(serializers.Serializer[Any]):
    balance = MoneyField()
    held = MoneyField()


class SubjectTotalsSerializer(serializers.Serializer[Any]):
    """`subject` is `broadcast:<id>`; `net` is captured less refunded."""

    subject = serializers.CharField()
    held = MoneyField()
    captured = MoneyField()
    released = MoneyField()
    refunded = MoneyField()
    net = MoneyField()


class StatementLineSerializer(LedgerEntrySerializer):
    booked_at = serializers.SerializerMethodField()

    class Meta:
        model = LedgerEntry
        fields = ("booked_at", *LedgerEntrySerializer.Meta.fields)
        read_only_fields = fields

    def get_booked_at(self, entry: LedgerEntry) -> datetime:
        return booked_at(entry)


class StatementSerializer(serializers.Serializer[Any]):
    start = UtcDateTimeField()
    end = UtcDateTimeField(help_text="Exclusive.")
    currency = serializers.CharField()
    opening = BalancesSerializer()
    lines = StatementLineSerializer(many=True)
    closing = BalancesSerializer()
    subjects = SubjectTotalsSerializer(many=True)


class StatementView(TenantView):
    renderer_classes = (JSONRenderer, CsvRenderer)

    @extend_schema(
        operation_id="wallet_statement",
        parameters=[
            OpenApiParameter(
                "format", str, enum=["json", "csv"], description="Instead of an Accept header."
            ),
            OpenApiParameter(
                "from",
                str,
                description="A date (from its midnight in the tenant's time zone) or a time with "
                "its offset from UTC. "
                "Default: the first day of this month.",
            ),
            OpenApiParameter(
                "to",
                str,
                description="A date (inclusive), or a time with its offset from UTC (exclusive). "
                "Default: now.",
            ),
        ],
        responses={
            (200, "application/json"): StatementSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Opening balance, every line, closing balance, and what each broadcast held and cost."""
        check_parameters(request, known=("from", "to"))
        statement = self._statement(request)
        if request.accepted_renderer.format == "csv":
            return _as_csv(statement)
        lines = statement.lines_within_limit()
        fields = {
            "start": statement.start,
            "end": statement.end,
            "currency": statement.wallet.currency,
            "opening": statement.opening(),
            "lines": lines,
            "closing": statement.closing(),
            "subjects": statement.subjects(),
        }
        return Response(StatementSerializer(fields).data)

    def _statement(self, request: Request) -> Statement:
        zone = ZoneInfo(self.tenant.time_zone)
        now = timezone.now()
        month_start = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        start = _moment(request, "from", zone=zone, days=0) or month_start
        end = _moment(request, "to", zone=zone, days=1) or now
        if end < start:
            raise InvalidInput("`to` lies before `from`.", attr="to")
        return Statement(wallet=wallet_of(self.tenant), start=start, end=end)


def _moment(request: Request, name: str, *, zone: ZoneInfo, days: int) -> datetime | None:
    """The parameter as a time; a date means its midnight plus `days`. Raises InvalidInput."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        day = parse_date(text)
        if day is not None:
            return datetime.combine(day + timedelta(days=days), time.min, tzinfo=zone)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("Give a date such as 2027-01-31, or a time.", attr=name) from error
    try:
        return read_time(text)
    except InvalidInput as refusal:
        refusal.attr = name
        raise


def _as_csv(statement: Statement) -> StreamingHttpResponse:
    name = f"statement-{statement.start:%Y-%m-%d}-{statement.end:%Y-%m-%d}.csv"
    return csv_response(without_statement_timeout(_rows(statement)), file_name=name)


def _rows(statement: Statement) -> Iterator[Sequence[object]]:
    opening = statement.opening()
    currency = statement.wallet.currency
    after = (opening.balance, opening.held)
    yield COLUMNS
    yield _summary(statement.start, "OPENING", after, currency)
    for entry in statement.stream():
        after = (entry.balance_after, entry.held_after)
        yield _line(entry, currency)
    yield _summary(statement.end, "CLOSING", after, currency)


def _summary(at: datetime, kind: str, after: tuple[Any, Any], currency: str) -> list[Any]:
    return [at.isoformat(), kind, "", "", f"{after[0]:.6f}", f"{after[1]:.6f}", currency, *[""] * 4]


def _line(entry: LedgerEntry, currency: str) -> list[Any]:
    return [
        booked_at(entry).isoformat(),
        entry.kind,
        entry.balance_delta,
        entry.held_delta,
        entry.balance_after,
        entry.held_after,
        currency,
        entry.subject,
        entry.reference,
        entry.reason,
        entry.pk,
    ]
