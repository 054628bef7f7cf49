"""Runs every app's checks on live data in one snapshot, repairs if asked, and stores the result."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module

import structlog
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import module_has_submodule

from doctor.models import Checkup
from postgres.auditing import Breach, Check

GRACE = timedelta(minutes=5)
"""Rows that moved within this time are skipped: a worker may be between two transactions."""
REMEMBERED = 200
"""Breaches that a checkup stores with their details; it counts all of them."""
KEPT_FOR = timedelta(days=30)

log = structlog.get_logger(__name__)


def all_checks() -> Iterator[Check]:
    """`CHECKS` of every app that has an `audit` module or package."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "audit"):
            yield from getattr(import_module(f"{config.name}.audit"), "CHECKS", ())


def find_breaches(
    *, now: datetime, since: datetime | None = None, grace: timedelta = GRACE
) -> list[Breach]:
    """All breaches at one instant, from one read-only REPEATABLE READ snapshot.

    Broadcasts that finished before `since` are left out. Must not be called in a transaction.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        breaches = []
        for check in all_checks():
            cursor.execute(check.sql, {"since": since, "settled": now - grace})
            breaches += [
                Breach(check.name, check.invariant, subject, detail)
                for subject, detail in cursor.fetchall()
            ]
    return breaches


def repair(breaches: list[Breach], *, now: datetime) -> int:
    """Repair each breach that has a safe repair, in its own transaction; returns how many."""
    repairs = {check.name: check.repair for check in all_checks() if check.repair}
    tried = 0
    for breach in breaches:
        mend = repairs.get(breach.check)
        if mend is not None:
            mend(breach.subject, now)
            tried += 1
    return tried


def check_up(*, now: datetime, since: datetime | None = None, mend: bool = False) -> Checkup:
    """Check, repair if asked and check again; store and log the remaining breaches."""
    began = time.monotonic()
    # A broadcast with UNKNOWN messages may wait this long for their receipts before it finishes.
    grace = max(GRACE, timedelta(seconds=2 * settings.BROADCAST_UNKNOWN_GRACE))
    breaches = find_breaches(now=now, since=since, grace=grace)
    repaired = 0
    if mend and breaches:
        repaired = repair(breaches, now=now)
        breaches = find_breaches(now=now, since=since, grace=grace)
    for breach in breaches[:REMEMBERED]:
        log.error("invariant_broken", check=breach.check, subject=breach.subject)
    Checkup.objects.filter(at__lt=now - KEPT_FOR).delete()
    return Checkup.objects.create(
        at=now,
        seconds=round(time.monotonic() - began, 3),
        breach_count=len(breaches),
        repaired=repaired,
        breaches=[
            {
                "check": breach.check,
                "invariant": breach.invariant,
                "subject": breach.subject,
                "detail": breach.detail[:500],
            }
            for breach in breaches[:REMEMBERED]
        ],
    )
