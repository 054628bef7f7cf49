"""Files are stored in pieces, imported in turns, and resumed after a worker's end."""

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from contacts.imports import importing, uploads
from contacts.imports.importing import BLOCK, run_import
from contacts.imports.parsing import parse_lines
from contacts.models import Contact, ContactImport, ContactImportPart
from contacts.tasks import LOST_AFTER, NOT_STARTED_AFTER, lost_imports
from tenants.models import Tenant


def stored(tenant: Tenant, rows: int, **fields: object) -> ContactImport:
    lines = "".join(f"id{n},Jürgen {n}\n" for n in range(rows))
    job = ContactImport.objects.create(tenant=tenant, file_name="a.csv", **fields)
    uploads.store_upload(job, io.BytesIO(f"external_id,first_name\n{lines}".encode()))
    return job


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces that end inside of lines and letters."""
    monkeypatch.setattr(uploads, "PIECE", 1001)


@pytest.mark.usefixtures("small_pieces")
def test_a_file_in_many_pieces_is_imported_whole_and_deleted(tenant: Tenant) -> None:
    job = stored(tenant, 2 * BLOCK + 1)
    assert ContactImportPart.objects.count() > 30
    assert run_import(import_id=job.pk, clock=timezone.now)
    job.refresh_from_db()
    assert (job.status, job.created, job.failed) == ("DONE", 2 * BLOCK + 1, 0)
    assert Contact.objects.filter(external_id="id777", first_name="Jürgen 777").exists()
    assert (job.content, ContactImportPart.objects.count()) == (None, 0)


@pytest.mark.usefixtures("small_pieces")
def test_an_import_works_in_turns(tenant: Tenant) -> None:
    job = stored(tenant, 3 * BLOCK)
    turns = 0
    while not run_import(import_id=job.pk, clock=timezone.now, seconds=0):
        turns += 1
        job.refresh_from_db()
        assert (job.line, job.rows, job.status) == (turns * BLOCK, 3 * BLOCK, "RUNNING")
    job.refresh_from_db()
    assert (turns, job.status, job.created) == (2, "DONE", 3 * BLOCK)


def test_a_worker_whose_block_another_one_took_stops(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = stored(tenant, 3 * BLOCK)

    def overtaken(*args: object, **kwargs: object) -> object:
        monkeypatch.setattr(importing, "parse_lines", parse_lines)
        run_import(import_id=job.pk, clock=timezone.now, seconds=0)
        return parse_lines(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "parse_lines", overtaken)
    assert run_import(import_id=job.pk, clock=timezone.now)
    job.refresh_from_db()
    assert (job.line, job.created, Contact.objects.count()) == (BLOCK, BLOCK, BLOCK)


def test_a_dry_run_reads_a_bounded_number_of_rows(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "DRY_RUN_ROWS", 10)
    job = stored(tenant, 15, dry_run=True)
    assert run_import(import_id=job.pk, clock=timezone.now)
    job.refresh_from_db()
    assert (job.status, job.line, job.rows, job.created) == ("DONE", 10, 15, 10)
    assert not Contact.objects.exists()


def test_too_many_rows_are_refused_before_the_first_one(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts.imports.opening.MAX_ROWS", 10)
    job = stored(tenant, 11)
    run_import(import_id=job.pk, clock=timezone.now)
    job.refresh_from_db()
    assert (job.status, job.failure) == ("FAILED", "At most 10 rows: split the file.")
    assert not Contact.objects.exists()


def test_broken_csv_far_inside_is_refused_before_the_first_row(tenant: Tenant) -> None:
    lines = "".join(f"id{n}\n" for n in range(BLOCK + 5))
    job = ContactImport.objects.create(tenant=tenant, file_name="a.csv")
    content = f'external_id\n{lines}"{"x" * 200_000}'.encode()
    uploads.store_upload(job, io.BytesIO(content))
    run_import(import_id=job.pk, clock=timezone.now)
    job.refresh_from_db()
    assert (job.status, Contact.objects.count()) == ("FAILED", 0)


def test_no_process_holds_more_than_a_piece(tenant: Tenant) -> None:
    job = stored(tenant, 200_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(octet_length(content)), count(*) FROM contacts_contactimportpart"
        )
        assert cursor.fetchone() == (uploads.PIECE, 4)
    file = uploads.StoredFile(job.pk)
    assert sum(map(len, file.pieces())) == sum(map(len, file.pieces()))


@pytest.mark.parametrize(
    ("age", "worked", "is_lost"),
    [
        (NOT_STARTED_AFTER, None, True),
        (NOT_STARTED_AFTER / 2, None, False),
        (timedelta(days=1), LOST_AFTER, True),
        (timedelta(days=1), LOST_AFTER / 2, False),
    ],
)
def test_an_import_is_started_again_only_if_nobody_works_at_it(
    tenant: Tenant, age: timedelta, worked: timedelta | None, is_lost: bool
) -> None:
    now = timezone.now()
    job = stored(tenant, 1)
    ContactImport.objects.filter(pk=job.pk).update(
        created_at=now - age - timedelta(seconds=1),
        worked_at=now - worked - timedelta(seconds=1) if worked else None,
    )
    assert lost_imports(now=now).exists() is is_lost
