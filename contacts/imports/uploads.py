"""Stores an import's file in pieces, and reads it back as a stream: no process holds it whole."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.db import connection, transaction

from contacts.models import ContactImport, ContactImportPart

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE = 1024 * 1024
"""Bytes of a piece; a worker holds one or two of them."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes | None: ...


@transaction.atomic
def store_upload(job: ContactImport, file: Readable, **fields: Any) -> None:
    """Replace the import's file, and set these fields of the import in the same transaction."""
    job.parts.all().delete()
    content = file.read(PIECE) or b""
    ContactImport.objects.filter(pk=job.pk).update(content=content, **fields)
    number = 0
    while piece := file.read(PIECE):
        number += 1
        ContactImportPart.objects.create(contact_import=job, number=number, content=piece)


def delete_upload(import_id: UUID) -> None:
    ContactImport.objects.filter(pk=import_id).update(content=None)
    ContactImportPart.objects.filter(contact_import_id=import_id).delete()


def _piece(import_id: UUID, number: int) -> bytes:
    if number == 0:
        jobs = ContactImport.objects.filter(pk=import_id)
        stored = jobs.values_list("content", flat=True).first()
    else:
        parts = ContactImportPart.objects.filter(contact_import_id=import_id, number=number)
        stored = parts.values_list("content", flat=True).first()
    return bytes(stored or b"")


class StoredFile(io.RawIOBase):
    """The file of an import, of which one piece is held at a time; closing it does nothing."""

    def __init__(self, import_id: UUID) -> None:
        self._import_id = import_id
        self._lengths = _lengths(import_id)
        self._at = 0
        self._number, self._piece = -1, b""

    def from_start(self) -> io.BufferedReader:
        """A reader from the first byte; use one reader at a time."""
        self.seek(0)
        return io.BufferedReader(self, buffer_size=PIECE)

    def pieces(self) -> Iterator[bytes]:
        reader = self.from_start()
        while piece := reader.read(PIECE):
            yield piece

    def close(self) -> None:
        """Readers close what they read from, but the next reader needs it."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: sum(self._lengths)}[whence]
        self._at = max(0, begin + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        number, offset = self._place()
        if number == len(self._lengths):
            return 0
        if number != self._number:
            self._number, self._piece = number, _piece(self._import_id, number)
        view = memoryview(buffer).cast("B")
        taken = self._piece[offset : offset + len(view)]
        view[: len(taken)] = taken
        self._at += len(taken)
        return len(taken)

    def _place(self) -> tuple[int, int]:
        """The piece that holds the next byte, and the byte's place in the piece."""
        offset = self._at
        for number, length in enumerate(self._lengths):
            if offset < length:
                return number, offset
            offset -= length
        return len(self._lengths), 0


def _lengths(import_id: UUID) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 0 AS number, coalesce(octet_length(content), 0) FROM contacts_contactimport
            WHERE id = %(import)s
            UNION ALL
            SELECT number, octet_length(content) FROM contacts_contactimportpart
            WHERE contact_import_id = %(import)s ORDER BY number
            """,
            {"import": import_id},
        )
        return [length for _, length in cursor.fetchall()]
