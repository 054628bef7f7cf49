"""Idempotency-Key: a repeated request gets the first answer again, and has no second effect.

The record commits in the same transaction as the effect. Only 2xx answers are stored: a refused
request changed nothing, so its key may be used again.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.db import connection, transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import is_success

from api.errors import DomainError, InvalidInput
from tenants.api.scoped_views import TenantView
from tenants.models import IdempotencyRecord, Tenant

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255
MARK = "takes_idempotency_key"
KEPT_FOR = timedelta(hours=24)

V = TypeVar("V", bound=TenantView)
P = ParamSpec("P")
Handler = Callable[Concatenate[V, Request, P], Response]


class IdempotencyKeyReused(DomainError):
    """The key belongs to another request."""

    code = "idempotency_key_reused"
    status = 422


def idempotent(handler: Handler[V, P]) -> Handler[V, P]:
    """Makes a view's method idempotent if the request has the header; goes below any @action.

    With the header, the method and the record share one transaction. Without the header, the
    method runs unchanged. Raises InvalidInput, IdempotencyKeyReused.
    """

    @wraps(handler)
    def once(view: V, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        _check(key)
        with transaction.atomic():
            _lock(view.tenant, key)
            record = IdempotencyRecord.objects.filter(tenant=view.tenant, key=key).first()
            if record is not None:
                return _replay(record, request)
            response = handler(view, request, *args, **kwargs)
            if is_success(response.status_code):
                _store(view.tenant, key, request, response)
            return response

    once.__dict__[MARK] = True
    return once


def is_idempotent(handler: object) -> bool:
    """True if a view's method accepts an Idempotency-Key."""
    return getattr(handler, MARK, False)


def purge_expired(*, at: datetime) -> int:
    """Deletes records older than KEPT_FOR, which frees their keys; returns their number."""
    deleted, _ = IdempotencyRecord.objects.filter(created_at__lt=at - KEPT_FOR).delete()
    return deleted


def _check(key: str) -> None:
    if not (0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise InvalidInput(f"{HEADER} must be 1 to 255 printable ASCII characters.", attr=HEADER)


def _lock(tenant: Tenant, key: str) -> None:
    """Serializes requests with the same key: a second request waits, then finds the record."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"idempotency:{tenant.pk}:{key}"],
        )


def _replay(record: IdempotencyRecord, request: Request) -> Response:
    if (record.operation, record.body_hash) != (_operation(request), _body_hash(request)):
        raise IdempotencyKeyReused(f"This {HEADER} was used for another request.", attr=HEADER)
    return Response(
        json.loads(record.response_body),
        status=record.response_status,
        headers={"Idempotent-Replayed": "true"},
    )


def _store(tenant: Tenant, key: str, request: Request, response: Response) -> None:
    IdempotencyRecord.objects.create(
        tenant=tenant,
        key=key,
        operation=_operation(request),
        body_hash=_body_hash(request),
        response_status=response.status_code,
        response_body=JSONRenderer().render(response.data).decode() or "null",
    )


def _operation(request: Request) -> str:
    return f"{request.method} {request.path.rstrip('/')}"


def _body_hash(request: Request) -> str:
    """Hashes the parsed body, so that white space and the order of keys do not matter."""
    canonical = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
