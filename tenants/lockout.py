"""Locks a client out of an account after too many failed log-ins, at the API and in the admin.

django-axes keeps the rows and asks before each password check (docs/adr/0018). An account is what
was typed as the e-mail, whether it exists or not: no answer tells whether it does.
"""

import math
from datetime import datetime, timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Max, Q, Sum, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac

from api.errors import DomainError
from postgres.text import storable
from tenants.login_counts import FAILED, LOCKED_OUT, SUCCEEDED, note_login
from tenants.models import User

ADMIN = "/admin/"
ACCOUNT_FACTOR = 5
"""An account takes this many times AXES_FAILURE_LIMIT from all clients together."""
CLIENT_FACTOR = 10
"""A client takes this many times AXES_FAILURE_LIMIT over all accounts: colleagues share one."""
MAX_EMAIL = 254
KNOWN_FOR = timedelta(days=30)
"""For so long after a log-in, failures of other clients cannot lock this client out."""


class LockedOut(DomainError):
    """Too many failed log-ins; `data` holds `retry_after` in seconds."""

    code = "too_many_failed_logins"
    status = 429


class LoginGuard(AxesDatabaseHandler):  # type: ignore[misc]  # published without types
    """axes' handler: unlike the base class, it stores no form data and no browser's name."""

    def is_locked(self, request: HttpRequest, credentials: Any = None) -> bool:
        return locked_until(request, credentials, now=timezone.now()) is not None

    def user_login_failed(
        self, sender: object, credentials: Any, request: Any = None, **more: Any
    ) -> None:
        """Counts the failure. An attempt during the lock does not count, so the lock ends."""
        if request is None:
            return
        account = account_of(credentials)
        refused = bool(request.axes_locked_out)
        note_login(request, account=account, result=LOCKED_OUT if refused else FAILED)
        if refused:
            request.axes_credentials = credentials  # for `locked_page`
        else:
            _count_failure(account, request.axes_ip_address, now=timezone.now())

    def user_logged_in(self, sender: object, request: Any, user: User, **more: Any) -> None:
        """Forgets this client's failures; those of other clients stay."""
        account = account_of({"username": user.get_username()})
        client = request.axes_ip_address
        note_login(request, account=account, result=SUCCEEDED)
        AccessAttempt.objects.filter(username=account, ip_address=client).delete()
        _remember(account, client, path=request.path_info, now=timezone.now())

    def user_logged_out(self, *args: Any, **more: Any) -> None:
        """Writes nothing: axes' log of sessions is not used."""


def account_of(credentials: Any) -> str:
    """The account that log-ins count for: the e-mail in lower case.

    A text that is no e-mail may be a password in the wrong field, so only its digest is kept.
    """
    text = str((credentials or {}).get("username") or "").strip().lower()
    if "@" in text and len(text) <= MAX_EMAIL:
        return storable(text)
    return f"digest:{salted_hmac('tenants.lockout', text.encode(errors='replace')).hexdigest()}"


def locked_until(request: Any, credentials: Any, *, now: datetime) -> datetime | None:
    """When the client may try the account again; None if it may now."""
    account, client = account_of(credentials), request.axes_ip_address
    of_account, of_client = Q(username=account), Q(ip_address=client)
    failures = F("failures_since_start")
    counts = AccessAttempt.objects.filter(
        of_account | of_client, attempt_time__gt=now - settings.AXES_COOLOFF_TIME
    ).aggregate(
        both=Sum(failures, filter=of_account & of_client, default=0),
        account=Sum(failures, filter=of_account, default=0),
        client=Sum(failures, filter=of_client, default=0),
        both_at=Max("attempt_time", filter=of_account & of_client),
        account_at=Max("attempt_time", filter=of_account),
        client_at=Max("attempt_time", filter=of_client),
    )
    limit = settings.AXES_FAILURE_LIMIT
    reached = [counts["both_at"]] if counts["both"] >= limit else []
    if not _is_known(account, client, now=now):
        reached += [counts["account_at"]] if counts["account"] >= limit * ACCOUNT_FACTOR else []
        reached += [counts["client_at"]] if counts["client"] >= limit * CLIENT_FACTOR else []
    return max(reached) + settings.AXES_COOLOFF_TIME if reached else None


def refuse_if_locked_out(request: Any, *, account: str, now: datetime) -> None:
    """After a failed `authenticate()`: raises LockedOut if the lock was the reason."""
    if not request.axes_locked_out:
        return
    wait = _seconds_to_wait(request, {"username": account}, now)
    raise LockedOut(
        f"Too many failed log-ins. Try again in {math.ceil(wait / 60)} minutes.",
        data={"retry_after": wait},
    )


def locked_page(request: Any, response: HttpResponse, credentials: Any) -> HttpResponse:
    """AXES_LOCKOUT_CALLABLE: the admin's page; the API's answer is right already."""
    if not request.path.startswith(ADMIN):
        return response
    wait = _seconds_to_wait(request, credentials, timezone.now())
    context = {**admin.site.each_context(request), "minutes": math.ceil(wait / 60)}
    page = render(request, "tenants/locked_out.html", context, status=LockedOut.status)
    page["Retry-After"] = str(wait)
    return page


def forget_old_logins(*, at: datetime) -> None:
    """Delete the rows that no lock needs any more."""
    AccessAttempt.objects.filter(attempt_time__lte=at - settings.AXES_COOLOFF_TIME).delete()
    AccessLog.objects.filter(attempt_time__lte=at - KNOWN_FOR).delete()


def _seconds_to_wait(request: Any, credentials: Any, now: datetime) -> int:
    until = locked_until(request, credentials, now=now)
    return max(1, math.ceil((until - now).total_seconds())) if until else 1


def _is_known(account: str, client: str | None, *, now: datetime) -> bool:
    known: bool = AccessLog.objects.filter(
        username=account, ip_address=client, attempt_time__gt=now - KNOWN_FOR
    ).exists()
    return known


def _count_failure(account: str, client: str | None, *, now: datetime) -> None:
    """One row per account and client; a count whose last failure is too old starts again."""
    recent = When(attempt_time__gt=now - settings.AXES_COOLOFF_TIME, then=F("failures_since_start"))
    row = AccessAttempt.objects.filter(username=account, ip_address=client, user_agent="")
    values = {"failures_since_start": Case(recent, default=0) + 1, "attempt_time": now}
    if row.update(**values):
        return
    try:
        with transaction.atomic():
            AccessAttempt.objects.create(
                username=account, ip_address=client, user_agent="", failures_since_start=1
            )
    except IntegrityError:  # another attempt has created the row meanwhile
        row.update(**values)


def _remember(account: str, client: str | None, *, path: str, now: datetime) -> None:
    log = AccessLog.objects.filter(username=account, ip_address=client)
    if not log.update(attempt_time=now, path_info=path[:255]):
        AccessLog.objects.create(
            username=account, ip_address=client, user_agent="", path_info=path[:255]
        )
