"""`/metrics`: gauges for Prometheus, computed from PostgreSQL when they are asked for.

Rows hold all the figures, so no process keeps counts: gunicorn's processes, the workers and beat
need no shared directory, and a restart loses nothing. Only refused webhook calls leave no row; they
are counted in Redis.
"""

import secrets
from collections.abc import Iterator, Sequence

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from api.refused_calls import refused_calls
from tenants.client_address import client_address, is_forwarded
from tenants.login_counts import login_counts

LOOPBACK = frozenset({"127.0.0.1", "::1"})

# name, help, label names, SQL that selects the labels and then the value
GAUGES: Sequence[tuple[str, str, tuple[str, ...], str]] = (
    (
        "broadcasts",
        "Broadcasts by status.",
        ("status",),
        "SELECT status, count(*) FROM broadcast_broadcast GROUP BY status",
    ),
    (
        "broadcasts_paused",
        "Broadcasts that wait for somebody to resume them.",
        (),
        """
        SELECT count(*) FROM broadcast_broadcast
        WHERE paused_at IS NOT NULL AND status IN ('SCHEDULED', 'QUEUED', 'SENDING')
        """,
    ),
    (
        "broadcast_messages_waiting",
        "Messages of ongoing broadcasts that are PENDING or SENDING.",
        ("status",),
        """
        SELECT s.status, coalesce(sum(s.number), 0) FROM broadcast_broadcast b
        JOIN broadcast_broadcastcounters c ON c.broadcast_id = b.id
        CROSS JOIN LATERAL (VALUES ('PENDING', c.pending), ('SENDING', c.sending))
            AS s(status, number)
        WHERE b.status IN ('QUEUED', 'SENDING') GROUP BY s.status
        """,
    ),
    (
        "broadcast_messages",
        "Messages by status, of all broadcasts.",
        ("status",),
        """
        SELECT s.status, coalesce(sum(s.number), 0) FROM broadcast_broadcastcounters c
        CROSS JOIN LATERAL (VALUES ('ON_HOLD', c.on_hold), ('SENT', c.sent),
            ('DELIVERED', c.delivered), ('READ', c.read), ('FAILED', c.failed),
            ('UNKNOWN', c.unknown), ('SUPPRESSED', c.suppressed), ('CANCELLED', c.cancelled),
            ('EXPIRED', c.expired)) AS s(status, number)
        GROUP BY s.status
        """,
    ),
    (
        "broadcast_lane_lag_seconds",
        "How late the most overdue lane is.",
        (),
        """
        SELECT coalesce(greatest(extract(epoch FROM now() - min(l.next_batch_at)), 0), 0)
        FROM broadcast_lane l JOIN broadcast_broadcast b ON b.id = l.broadcast_id
        WHERE l.next_batch_at < now() AND b.status IN ('QUEUED', 'SENDING') AND b.paused_at IS NULL
        """,
    ),
    (
        "broadcast_batches_open",
        "Batches that workers hold; overdue: past their lease and not swept.",
        ("overdue",),
        """
        SELECT (lease_expires_at < now())::text, count(*) FROM broadcast_batch
        WHERE settled_at IS NULL AND swept_at IS NULL GROUP BY 1
        """,
    ),
    (
        "broadcast_senders_broken",
        "Active senders whose provider refuses their configuration.",
        (),
        "SELECT count(*) FROM channels_sender WHERE broken_at IS NOT NULL AND is_active",
    ),
    (
        "broadcast_events_waiting",
        "Webhook calls that are stored and not applied yet.",
        (),
        "SELECT count(*) FROM inbound_providerevent WHERE status = 'STORED'",
    ),
    (
        "broadcast_events_set_aside",
        "Webhook calls that could not be applied.",
        (),
        "SELECT count(*) FROM inbound_providerevent WHERE status = 'FAILED'",
    ),
    (
        "broadcast_replies_may_want_out",
        "Replies that may ask for an end without a word that opts out; a person should read them.",
        (),
        "SELECT count(*) FROM inbound_receivedmessage WHERE may_want_out",
    ),
    (
        "broadcast_events_partly_understood",
        "Stored webhook calls with a part that was not understood, by the part.",
        ("provider", "part"),
        """
        SELECT a.provider, split_part(note, ':', 1), count(DISTINCT e.id)
        FROM inbound_providerevent e JOIN channels_providerapp a ON a.id = e.app_id
        CROSS JOIN LATERAL unnest(e.not_understood) AS note
        WHERE e.status = 'PARTLY' GROUP BY 1, 2
        """,
    ),
    (
        "broadcast_receipts_parked",
        "Receipts whose message is not known; dropped after seven days.",
        (),
        "SELECT count(*) FROM inbound_parkedreceipt",
    ),
    (
        "broadcast_doctor_breaches",
        "What the last run of the doctor found.",
        (),
        "SELECT breach_count FROM broadcast_checkup ORDER BY id DESC LIMIT 1",
    ),
    (
        "broadcast_doctor_age_seconds",
        "How long ago the doctor last ran; where it never did, since the last migration.",
        (),
        """
        SELECT extract(epoch FROM now() - coalesce(
            (SELECT at FROM broadcast_checkup ORDER BY id DESC LIMIT 1),
            (SELECT max(applied) FROM django_migrations)))
        """,
    ),
)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """403 unless the token is right or the call comes directly from this machine."""
    if not may_see_metrics(request):
        return HttpResponseForbidden("Forbidden\n", content_type="text/plain")
    try:
        body = generate_latest(_collect())
    except DatabaseError:
        return HttpResponse("PostgreSQL does not answer\n", status=503, content_type="text/plain")
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def may_see_metrics(request: HttpRequest) -> bool:
    """Whether the call has METRICS_TOKEN, or comes from this machine and through no proxy."""
    token = settings.METRICS_TOKEN
    scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
    is_bearer = scheme.lower() == "bearer"
    if token and is_bearer and secrets.compare_digest(presented.encode(), token.encode()):
        return True
    return client_address(request) in LOOPBACK and not is_forwarded(request)


def _collect() -> CollectorRegistry:
    registry = CollectorRegistry()
    with connection.cursor() as cursor:
        for name, text, labels, sql in GAUGES:
            cursor.execute(sql)
            gauge = Gauge(name, text, labels, registry=registry)
            for *values, number in cursor.fetchall():
                (gauge.labels(*values) if labels else gauge).set(float(number))
    registry.register(_RefusedCalls())
    registry.register(_LogIns())
    return registry


class _RefusedCalls(Collector):
    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yields nothing if Redis does not answer: a missing count is not a count of zero."""
        counter = CounterMetricFamily(
            "broadcast_webhook_calls_refused",
            "Webhook calls that were refused, since Redis was last emptied.",
            labels=("provider", "reason"),
        )
        try:
            refused = refused_calls()
        except redis.RedisError:
            return
        for labels, count in sorted(refused.items()):
            counter.add_metric(labels, count)
        yield counter


class _LogIns(Collector):
    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yields nothing if Redis does not answer: a missing count is not a count of zero."""
        counter = CounterMetricFamily(
            "broadcast_logins",
            "Log-ins at the API and in the admin, since Redis was last emptied.",
            labels=("door", "result"),
        )
        try:
            logins = login_counts()
        except redis.RedisError:
            return
        for labels, count in sorted(logins.items()):
            counter.add_metric(labels, count)
        yield counter
