"""Idempotency-Key: a repeated POST gets the first answer again, and has no second effect.

The record commits in the same transaction as the effect; a view that calls a provider cannot have
one, so its record commits right after the effect. Only 2xx answers are stored: a refused request
changed nothing, so its key may be used again. A key belongs to one user, tenant and path.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.http import QueryDict
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import is_success

from api.errors import Conflict, DomainError, InvalidInput
from tenants.models import IdempotencyRecord, Membership

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255
KEPT_FOR = timedelta(hours=24)
LONGEST_WAIT = timedelta(seconds=3)
"""For a request with the same key that is in progress; a web thread waits meanwhile."""
RETRY_AFTER = 2
"""Seconds."""
LOCK_NOT_AVAILABLE = "55P03"

Handler = Callable[..., Response]


class IdempotencyKeyReused(DomainError):
    """The key belongs to a request with another body."""

    code = "idempotency_key_reused"
    status = 422


class RequestInProgress(Conflict):
    """A request with the same key has not been answered yet."""

    code = "request_in_progress"


def idempotent(handler: Handler, *, membership: Membership, in_transaction: bool) -> Handler:
    """Makes a view's method idempotent if the request has the header.

    `in_transaction` False is for a method that waits for a provider: if its process dies between
    the effect and the record, a repetition has the effect again. Raises InvalidInput,
    IdempotencyKeyReused, RequestInProgress.
    """

    def once(request: Request, /, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(request, *args, **kwargs)
        _check(key)
        mine = Mine(membership, request, key)
        with _locked_for_transaction(mine) if in_transaction else _locked_for_session(mine):
            record = mine.record()
            if record is not None:
                return mine.replay(record)
            response = handler(request, *args, **kwargs)
            if is_success(response.status_code):
                mine.store(response)
            return response

    return once


def purge_expired(*, at: datetime) -> int:
    """Deletes records older than KEPT_FOR, which frees their keys; returns their number."""
    deleted, _ = IdempotencyRecord.objects.filter(created_at__lt=at - KEPT_FOR).delete()
    return deleted


def _check(key: str) -> None:
    if not (0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise InvalidInput(f"{HEADER} must be 1 to 255 printable ASCII characters.", attr=HEADER)


class Mine:
    """A key in its space: the member's tenant and user, and the request's method and path."""

    def __init__(self, membership: Membership, request: Request, key: str) -> None:
        self.tenant_id, self.user_id = membership.tenant_id, membership.user_id
        self.operation = f"{request.method} {request.path.rstrip('/')}"
        self.request, self.key = request, key

    @property
    def lock_name(self) -> str:
        return f"idempotency:{self.tenant_id}:{self.user_id}:{self.operation}:{self.key}"

    def record(self) -> IdempotencyRecord | None:
        """The stored answer. Records without a user are older than the column."""
        of_user = Q(user_id=self.user_id) | Q(user_id=None)
        return IdempotencyRecord.objects.filter(
            of_user, tenant_id=self.tenant_id, operation=self.operation, key=self.key
        ).first()

    def replay(self, record: IdempotencyRecord) -> Response:
        if record.body_hash != _body_hash(self.request):
            raise IdempotencyKeyReused(
                f"This {HEADER} was used for a request with another body.", attr=HEADER
            )
        return Response(
            json.loads(record.response_body),
            status=record.response_status,
            headers={"Idempotent-Replayed": "true"},
        )

    def store(self, response: Response) -> None:
        IdempotencyRecord.objects.create(
            tenant_id=self.tenant_id,
            user_id=self.user_id,
            key=self.key,
            operation=self.operation,
            body_hash=_body_hash(self.request),
            response_status=response.status_code,
            response_body=JSONRenderer().render(response.data).decode() or "null",
        )


@contextmanager
def _locked_for_transaction(mine: Mine) -> Iterator[None]:
    with transaction.atomic():
        _lock("pg_advisory_xact_lock", mine)
        yield


@contextmanager
def _locked_for_session(mine: Mine) -> Iterator[None]:
    """Holds the lock without a transaction; if the process dies, PostgreSQL releases it."""
    with transaction.atomic():
        _lock("pg_advisory_lock", mine)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [mine.lock_name])


def _lock(function: str, mine: Mine) -> None:
    """Serializes requests with the same key: a second request waits, then finds the record.

    Raises RequestInProgress after LONGEST_WAIT.
    """
    milliseconds = int(LONGEST_WAIT.total_seconds() * 1000)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = %s", [milliseconds])
            cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [mine.lock_name])
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != LOCK_NOT_AVAILABLE:
            raise
        raise RequestInProgress(
            f"A request with this {HEADER} is in progress; try again for its answer.",
            attr=HEADER,
            data={"retry_after": RETRY_AFTER},
        ) from error


def _body_hash(request: Request) -> str:
    """Hashes the parsed body, so that white space and the order of keys do not matter."""
    body: Any = request.data
    if isinstance(body, QueryDict):
        body = {name: _values(body, name) for name in body}
    canonical = json.dumps(body, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _values(form: QueryDict, name: str) -> list[Any]:
    values: list[Any] = form.getlist(name)
    return [_file(value) if isinstance(value, UploadedFile) else value for value in values]


def _file(file: "UploadedFile[Any]") -> Mapping[str, Any]:
    """A file's name and content; the position is set back for the view that reads it."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return {"name": file.name, "sha256": digest.hexdigest()}
