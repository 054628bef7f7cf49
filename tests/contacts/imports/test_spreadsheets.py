"""XLSX and ODS files, which keep numbers and dates in their own way."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from contacts.imports.refusals import FileUnreadable
from contacts.imports.spreadsheets import converted, text_of
from contacts.models import Contact
from tenants.models import Tenant
from tests.contacts.imports.taking import counts, take

Rows = list[list[Any]]


def xlsx(**sheets: Rows) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def ods(rows: Rows) -> bytes:
    document = OpenDocumentSpreadsheet()
    table = Table(name="Kunden")
    for values in rows:
        row = TableRow()
        for value in values:
            if isinstance(value, str):
                cell = TableCell(valuetype="string")
                cell.addElement(P(text=value))
            else:
                cell = TableCell(valuetype="float", value=str(value))
            row.addElement(cell)
        table.addElement(row)
    document.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    document.write(buffer)
    return buffer.getvalue()


NOON = datetime(1990, 1, 31, 12, 30)  # noqa: DTZ001 - cells have no time zone
PEOPLE: Rows = [
    ["phone", "first_name", "size", "born", "vip"],
    [491701234567, "Jürgen", 42.0, date(1990, 1, 31), True],
    ["+49 170 1234568", "Zoë", 1.5, NOON, False],
    [None, None, None, None, None],
    [4.5, "Half", None, None, None],
]


def test_a_spreadsheet_keeps_whole_numbers_and_dates(tenant: Tenant) -> None:
    job = take(tenant, xlsx(Sheet1=PEOPLE))
    assert counts(job) == (2, 0, 0, 1)
    assert job.errors.get().line == 5
    stored = {contact.phone: contact for contact in Contact.objects.all()}
    assert stored["+491701234567"].attributes == {"size": "42", "born": "1990-01-31", "vip": "true"}
    assert stored["+491701234568"].attributes == {
        "size": "1.5",
        "born": "1990-01-31 12:30:00",
        "vip": "false",
    }


def test_an_ods_file_is_read(tenant: Tenant) -> None:
    rows: Rows = [["phone", "first_name"], ["0170 1234567", "Anna"], [491701234568, "two\nlines"]]
    assert counts(take(tenant, ods(rows))) == (2, 0, 0, 0)
    assert Contact.objects.filter(first_name="Anna", phone="+491701234567").exists()


def test_the_first_sheet_or_the_named_one_is_read(tenant: Tenant) -> None:
    book = xlsx(
        First=[["phone"], ["+491701234567"]], Zweites=[["phone"], ["+491701234568"], ["nobody"]]
    )
    assert counts(take(tenant, book)) == (1, 0, 0, 0)
    assert counts(take(tenant, book, sheet="Zweites")) == (1, 0, 0, 1)
    job = take(tenant, book, sheet="Third")
    assert (job.status, job.failure) == (
        "FAILED",
        "There is no sheet Third; there are: First, Zweites.",
    )


def test_rows_are_numbered_as_in_the_sheet(tenant: Tenant) -> None:
    job = take(tenant, xlsx(A=[[], [], ["phone"], ["+491701234567"], [], ["nobody"]]))
    assert job.errors.get().line == 6


def test_only_a_spreadsheet_has_sheets(tenant: Tenant) -> None:
    job = take(tenant, "phone\n+491701234567\n", sheet="First")
    assert (job.status, Contact.objects.count()) == ("FAILED", 0)


def test_a_large_number_does_not_lose_digits() -> None:
    assert text_of(491701234567.0) == "491701234567"
    assert text_of(1e300) == "1e+300"


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04\x00\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600],
    ids=["zip", "ole"],
)
def test_a_broken_spreadsheet_fails_with_a_reason(tenant: Tenant, content: bytes) -> None:
    job = take(tenant, content)
    assert (job.status, job.failure_code, job.content) == ("FAILED", "file_unreadable", None)
    assert job.failure == "This spreadsheet cannot be read: save it as CSV in UTF-8."


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tenant: Tenant) -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(60):
            sheet.write(b"0" * 1024 * 1024)
    job = take(tenant, buffer.getvalue())
    assert job.failure == "This spreadsheet is too large when unpacked: save it as CSV."


def test_a_bomb_that_lies_about_its_size_meets_the_limits_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("contacts.imports.spreadsheets.MAX_SECONDS", 0.01)
    book = xlsx(A=[["phone"], ["+491701234567"]])
    with pytest.raises(FileUnreadable, match="too long"), converted(io.BytesIO(book), sheet=""):
        pass


def test_the_converting_process_gets_no_secrets(tmp_path: Path) -> None:
    book = xlsx(A=[["phone", "note"], ["+491701234567", "=1+1"]])
    with converted(io.BytesIO(book), sheet="") as rows:
        assert rows.read().decode().splitlines()[:2] == ["sep=,", "1,phone,note"]
