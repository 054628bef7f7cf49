"""Imports a file of contacts in blocks; a restart continues after the last block."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from api.errors import DomainError
from contacts.imports import uploads
from contacts.imports.blocks import Block
from contacts.imports.opening import OpenedFile, open_file
from contacts.imports.parsing import Parsed, parse_lines
from contacts.models import ContactImport, ImportStatus

BLOCK = 1000
"""Rows per transaction: about ten statements, and little to repeat after a crash."""
DRY_RUN_ROWS = 100_000
"""A dry run reads at most so many rows: it holds them in memory, to see rows with the same keys."""
ATTEMPTS = 3
"""Tries of a block: a retry finds a contact that another request created meanwhile."""
OVER = (ImportStatus.DONE, ImportStatus.FAILED)


def run_import(
    *, import_id: UUID, clock: Callable[[], datetime], seconds: float = float("inf")
) -> bool:
    """Import the file, for about so many seconds; false if rows are left.

    Safe twice, also at once: a block commits with its last line's number. A dry run is one block,
    so that it sees rows with the same keys. It writes no contact.
    """
    ends = time.monotonic() + seconds
    job = ContactImport.objects.defer("content").select_related("tenant").get(pk=import_id)
    if job.status in OVER:
        return True
    try:
        return _run(open_file(job), clock=clock, ends=ends)
    except DomainError as error:
        _fail(import_id, error.detail, code=error.code, now=clock())
    except Exception:
        reason = "An error occurred on our side. Rows that were imported before it stay."
        _fail(import_id, reason, code="internal_error", now=clock())
        raise
    return True


def _fail(import_id: UUID, reason: str, *, code: str, now: datetime) -> None:
    unfinished = ContactImport.objects.filter(pk=import_id).exclude(status__in=OVER)
    failed = unfinished.update(
        status=ImportStatus.FAILED, failure=reason[:500], failure_code=code, finished_at=now
    )
    if failed:
        uploads.delete_upload(import_id)


def _run(file: OpenedFile, *, clock: Callable[[], datetime], ends: float) -> bool:
    job = file.job
    size = DRY_RUN_ROWS if job.dry_run else BLOCK
    lines, after = file.lines(after=job.line), job.line
    while True:
        parsed = parse_lines(tuple(islice(lines, size)), file=file)
        is_over = _take_block(file, after, parsed, clock=clock)
        if is_over or time.monotonic() > ends:
            return is_over
        after += len(parsed)


def _take_block(
    file: OpenedFile, after: int, parsed: Sequence[Parsed], *, clock: Callable[[], datetime]
) -> bool:
    """Import the rows that follow the first `after` ones; true if this run has no more to do."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return _next_block(file, after, parsed, clock=clock)
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _next_block(
    file: OpenedFile, after: int, parsed: Sequence[Parsed], *, clock: Callable[[], datetime]
) -> bool:
    jobs = ContactImport.objects.defer("content").select_related("tenant")
    job = jobs.select_for_update(of=("self",)).get(pk=file.job.pk)
    if job.status in OVER or job.line != after:
        return True  # another worker imports the same file, and has taken this block
    job.started_at = job.started_at or clock()
    _count(job, Block(job, file.layout).take(parsed))
    job.line = after + len(parsed)
    job.rows = file.rows
    is_done = job.dry_run or job.line >= file.rows
    job.status = ImportStatus.DONE if is_done else ImportStatus.RUNNING
    job.finished_at = clock() if is_done else None
    job.worked_at = Now()
    job.save(
        update_fields=(
            *("line", "rows", "started_at", "status", "finished_at", "worked_at"),
            *("created", "updated", "unchanged", "failed"),
        )
    )
    if is_done:
        uploads.delete_upload(job.pk)
    return is_done


def _count(job: ContactImport, block: Block) -> None:
    job.created += block.created
    job.updated += block.updated
    job.unchanged += block.unchanged
    job.failed += len(block.errors)
