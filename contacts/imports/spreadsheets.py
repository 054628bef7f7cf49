"""Converts a spreadsheet (XLSX, XLS, ODS) to CSV, in a process with bounded memory and time.

`python -m contacts.imports.spreadsheets FILE SHEET` writes the rows to standard output, each after
its row number. A file that unpacks to too much ends that process, not the worker.
"""

import csv
import json
import re
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO, TextIO

import python_calamine

from contacts.imports.refusals import FileUnreadable

SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""First bytes of a ZIP archive (XLSX, ODS) and of a compound file (XLS)."""
MAX_UNPACKED = 500 * 1024 * 1024
"""Bytes. A spreadsheet of a million rows and six columns unpacks to about 300 MB."""
MAX_ENTRIES = 2000
"""Files in the archive."""
MAX_MEMORY = 3 * 1024**3
"""Bytes of the converting process; a million rows and six columns take about 600 MB."""
MAX_SECONDS = 300
WORST_RATIO = 400
"""How much smaller than its content an archive may be. Repetitive sheets reach about 60."""
MAX_ROWS = 1_100_000
"""XLSX has 1,048,576 rows at most; an ODS file may claim any number of empty ones."""
MAX_WIDTH = 1000
ROOT = Path(__file__).resolve().parents[2]
LINE_BREAKS = re.compile(r"[\r\n]+")


def is_spreadsheet(head: bytes) -> bool:
    return head.startswith(SIGNATURES)


@contextmanager
def converted(file: BinaryIO, *, sheet: str) -> Iterator[BinaryIO]:
    """The rows as CSV in UTF-8, in a temporary file. Raises FileUnreadable."""
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        source, target = Path(folder) / "file", Path(folder) / "rows.csv"
        with source.open("wb") as copy:
            while piece := file.read(1024 * 1024):
                copy.write(piece)
        _refuse_bombs(source)
        _convert(source, target, sheet)
        with target.open("rb") as rows:
            yield rows


def _refuse_bombs(source: Path) -> None:
    """Look at the archive's own sizes; a lie about them meets the process's limits."""
    if not zipfile.is_zipfile(source):
        return
    with zipfile.ZipFile(source) as archive:
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        if any(entry.flag_bits & 1 for entry in entries):
            raise FileUnreadable("This file is protected by a password: save it without one.")
    ratio = unpacked / max(source.stat().st_size, 1)
    if unpacked > MAX_UNPACKED or len(entries) > MAX_ENTRIES or ratio > WORST_RATIO:
        raise FileUnreadable("This spreadsheet is too large when unpacked: save it as CSV.")


def _convert(source: Path, target: Path, sheet: str) -> None:
    command = [sys.executable, "-m", "contacts.imports.spreadsheets", str(source), sheet]
    try:
        with target.open("wb") as output:
            process = subprocess.run(  # noqa: S603 - own command
                command,
                stdout=output,
                stderr=subprocess.PIPE,
                timeout=MAX_SECONDS,
                check=False,
                cwd=ROOT,
                env={},  # it reads a stranger's file, so it gets no secrets
            )
    except subprocess.TimeoutExpired as error:
        raise FileUnreadable("This spreadsheet takes too long to read: save it as CSV.") from error
    if process.returncode != 0:
        raise FileUnreadable(_reason(process.stderr))


def _reason(errors: bytes) -> str:
    """The reason in the last line that the process wrote, if the process ended by itself."""
    try:
        return str(json.loads(errors.splitlines()[-1])["reason"])
    except (ValueError, IndexError, KeyError, TypeError):
        return "This spreadsheet cannot be read: save it as CSV in UTF-8."


def main(source: str, sheet: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    try:
        write_rows(source, sheet, sys.stdout)
    except (FileUnreadable, python_calamine.CalamineError, MemoryError) as error:
        reason = error.detail if isinstance(error, FileUnreadable) else _reason(b"")
        if isinstance(error, python_calamine.PasswordError):
            reason = "This file is protected by a password: save it without one."
        sys.stderr.write(json.dumps({"reason": reason}) + "\n")
        return 1
    return 0


def write_rows(source: str, sheet: str, output: TextIO) -> None:
    """Write the rows that have values. Raises FileUnreadable and CalamineError."""
    with python_calamine.load_workbook(source) as workbook:
        names = workbook.sheet_names
        if sheet and sheet not in names:
            raise FileUnreadable(f"There is no sheet {sheet}; there are: {', '.join(names)}.")
        rows = workbook.get_sheet_by_name(sheet) if sheet else workbook.get_sheet_by_index(0)
        if rows.total_height > MAX_ROWS or rows.total_width > MAX_WIDTH:
            raise FileUnreadable("This sheet is too large: save it as CSV.")
        _write(rows.iter_rows(), output)


def _write(rows: Iterable[Sequence[object]], output: TextIO) -> None:
    writer = csv.writer(output)
    output.write("sep=,\r\n")
    for number, cells in enumerate(rows, start=1):
        values = [text_of(cell) for cell in cells]
        if any(values):
            writer.writerow((number, *values))


def text_of(cell: object) -> str:
    """A cell as a person sees it: whole numbers without decimals, dates and times in ISO 8601."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 10**15 else repr(cell)
    if isinstance(cell, datetime):
        is_date = (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0)
        return cell.date().isoformat() if is_date else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return LINE_BREAKS.sub("\n", str(cell)) if cell is not None else ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
